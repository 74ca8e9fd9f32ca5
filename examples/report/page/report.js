// The page, put together: colours, paper, sections from top to bottom.

function themes() {
  const root = document.documentElement;
  const system = matchMedia('(prefers-color-scheme: dark)');
  const button = byId('theme');
  const dark = () => (root.dataset.theme ? root.dataset.theme === 'dark' : system.matches);
  const say = () => {
    button.textContent = dark() ? 'Light' : 'Dark';
    button.setAttribute('aria-label', `Switch to ${dark() ? 'light' : 'dark'} colours`);
  };
  button.addEventListener('click', () => {
    root.dataset.theme = dark() ? 'light' : 'dark';
    say();
    redraw(false);
  });
  system.addEventListener('change', () => {
    say();
    redraw(false);
  });
  say();
}

// Printed charts are drawn for paper: light, narrow, all of them.
function printer() {
  let theme;
  window.addEventListener('beforeprint', () => {
    theme = document.documentElement.dataset.theme;
    document.documentElement.dataset.theme = 'light';
    printing = true;
    redraw(true);
  });
  window.addEventListener('afterprint', () => {
    if (theme)
      document.documentElement.dataset.theme = theme;
    else
      delete document.documentElement.dataset.theme;
    printing = false;
    redraw(false);
  });
}

overview(byId('overview-body'));
trafficSection(byId('traffic-body'));
alertsSection(byId('alerts-body'));
appsSection(byId('apps-body'));
destinationsSection(byId('destinations-body'));
connectionsSection(byId('connections-body'));
qualitySection(byId('quality-body'));
byId('footer').append(
    `libipm ${run.version}, made ${utc(run.made)}. This file needs nothing else and asks no network.`);
themes();
printer();
let resized = 0;
let widthBefore = innerWidth;
window.addEventListener('resize', () => {
  if (innerWidth === widthBefore) return;
  widthBefore = innerWidth;
  clearTimeout(resized);
  resized = setTimeout(() => redraw(false), 150);
});
