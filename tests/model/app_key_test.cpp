#include "model/app_key.h"

#include <gtest/gtest.h>

namespace ipm::model {
namespace {

struct Case {
  AppFacts facts;
  const char* key;
};

// The whole contract of the key, by example: what must fall together and what must stay apart.
TEST(AppKeyTest, TableOfFacts) {
  static constexpr const char* kHex64 = "/docker/4f1c2d3e4f5a6b7c8d9e0f1a2b3c4d5e6f7a8b9c0d1e2f3a4b5c6d7e8f9a0b1c";
  const Case cases[] = {
      {{.exe = "/usr/bin/curl", .uid = 1000}, "/usr/bin/curl user"},
      {{.exe = "/usr/bin/curl", .uid = 0}, "/usr/bin/curl root"},
      {{.exe = "/usr/bin/curl", .uid = 33}, "/usr/bin/curl system"},
      {{.exe = "/usr/bin/curl", .uid = 65534}, "/usr/bin/curl system"},
      {{.exe = "/usr/bin/curl"}, "/usr/bin/curl unknown"},
      {{.exe = "/usr/bin/curl (deleted)", .uid = 1000}, "/usr/bin/curl user"},
      {{.exe = "/usr/bin/python3.11", .script = "/srv/app/main.py", .uid = 1000},
       "/usr/bin/python /srv/app/main.py user"},
      {{.exe = "/opt/agent-1.2.3/bin/agent", .uid = 0}, "/opt/agent/bin/agent root"},
      {{.exe = "/opt/agent-1.3.0/bin/agent", .uid = 0}, "/opt/agent/bin/agent root"},
      {{.exe = "/usr/lib/postgresql/15/bin/postgres", .uid = 110}, "/usr/lib/postgresql/bin/postgres system"},
      {{.exe = "/usr/lib/jvm/java-17-openjdk-amd64/bin/java", .script = "/srv/x-2.1.jar", .uid = 0},
       "/usr/lib/jvm/java-openjdk-amd64/bin/java /srv/x.jar root"},
      {{.exe = "/nix/store/0c5q8y9m2r3v4w6x7z1a2b3c4d5f6g7h-hello-2.12.1/bin/hello", .uid = 1000},
       "/nix/store/hello/bin/hello user"},
      {{.exe = "/usr/sbin/sshd", .unit = "ssh@3-10.0.0.1:22.service", .uid = 0}, "/usr/sbin/sshd @ssh@.service root"},
      {{.exe = "/usr/bin/bash", .unit = "session-42.scope", .uid = 1000}, "/usr/bin/bash @session.scope user"},
      {{.exe = "/usr/sbin/nginx", .cgroup = kHex64, .uid = 101}, "/usr/sbin/nginx @/docker system"},
      {{.exe = "/usr/sbin/nginx", .workload = "shop/web", .unit = "x.service", .uid = 101},
       "/usr/sbin/nginx @shop/web system"},
      {{.exe = "/home/a b/run", .uid = 1000}, "/home/a\\x20b/run user"},
      {{.comm = "kthread", .uid = 0}, "kthread root"},
      {{}, "? unknown"},
  };
  for (const Case& c : cases) EXPECT_EQ(app_key(c.facts), c.key) << c.facts.exe;
}

TEST(AppKeyTest, CgroupIdsAreRemoved) {
  EXPECT_EQ(normalise_cgroup("/kubepods/besteffort/pod1b4e28ba-2fa1-11d2-883f-0016d3cca427/"
                             "4f1c2d3e4f5a6b7c8d9e0f1a2b3c4d5e6f7a8b9c0d1e2f3a4b5c6d7e8f9a0b1c"),
            "/kubepods/besteffort/pod");
  EXPECT_EQ(normalise_cgroup("/user.slice/user-1000.slice/session-3.scope"), "/user.slice/user.slice/session.scope");
  EXPECT_EQ(normalise_cgroup("/"), "");
  EXPECT_EQ(normalise_cgroup(""), "");
}

TEST(AppKeyTest, ScriptIsWhatTheInterpreterRuns) {
  const auto script = [](std::string_view exe, std::vector<std::string_view> argv) { return script_of(exe, argv); };
  EXPECT_EQ(script("/usr/bin/python3.11", {"python3", "-u", "/srv/a.py", "x"}), "/srv/a.py");
  EXPECT_EQ(script("/usr/bin/python3.11", {"python3", "-m", "http.server"}), "-m http.server");
  EXPECT_EQ(script("/usr/bin/python3.11", {"python3", "-c", "import secret"}), "-c");
  EXPECT_EQ(script("/usr/lib/jvm/java-17/bin/java", {"java", "-Xmx1g", "-cp", "a:b", "org.x.Main"}), "org.x.Main");
  EXPECT_EQ(script("/usr/lib/jvm/java-17/bin/java", {"java", "-jar", "app.jar"}), "app.jar");
  EXPECT_EQ(script("/bin/bash", {"bash"}), "");
  EXPECT_EQ(script("/usr/bin/curl", {"curl", "http://x"}), "");
}

TEST(AppKeyTest, ContainerAndUnitAreFoundInCgroupPaths) {
  const std::string id(64, 'a');
  EXPECT_EQ(container_of("/system.slice/docker-" + id + ".scope"), id);
  EXPECT_EQ(container_of("/system.slice/docker-" + id + "a.scope"), "");
  EXPECT_EQ(unit_of("/system.slice/nginx.service"), "nginx.service");
  EXPECT_EQ(unit_of("/user.slice/user-1000.slice/user@1000.service/app.slice/x.scope"), "x.scope");
  EXPECT_EQ(unit_of("/"), "");
}

}  // namespace
}  // namespace ipm::model
