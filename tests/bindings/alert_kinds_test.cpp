// What the interface says of the kinds of alerts and of drills is whole, and holds in a run.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <ipm/ipm.hpp>
#include <sstream>

namespace ipm {
namespace {

TEST(AlertKindsTest, EachIsExplainedInFull) {
  const std::vector<ipm_alert_kind_info> kinds = alert_kinds();
  ASSERT_FALSE(kinds.empty());
  for (const ipm_alert_kind_info& kind : kinds) {
    EXPECT_THAT(kind.kind, testing::MatchesRegex("[a-z_]+"));
    EXPECT_STRNE(kind.title, "") << kind.kind;
    for (const char* text : {kind.means, kind.computed, kind.check, kind.tune}) {
      ASSERT_NE(text, nullptr) << kind.kind;
      EXPECT_THAT(text, testing::EndsWith(".")) << kind.kind;
    }
  }
}

TEST(AlertKindsTest, EachTechniqueHasAName) {
  for (const ipm_alert_kind_info& kind : alert_kinds()) {
    std::istringstream techniques(kind.techniques);
    for (std::string technique; techniques >> technique;) {
      EXPECT_NE(ipm_technique_name(technique.c_str()), nullptr) << technique;
    }
  }
  EXPECT_STREQ(ipm_technique_name("T1041"), "Exfiltration Over C2 Channel");
  EXPECT_EQ(ipm_technique_name("T0"), nullptr);
  EXPECT_EQ(ipm_technique_name(nullptr), nullptr);
}

TEST(AlertKindsTest, BehindTheLastIsTheEndAndNullIsAMistake) {
  ipm_alert_kind_info kind = {};
  kind.struct_size = sizeof kind;
  EXPECT_EQ(ipm_alert_kind_describe(static_cast<std::uint32_t>(alert_kinds().size()), &kind), IPM_END);
  EXPECT_EQ(kind.kind, nullptr);
  EXPECT_EQ(ipm_alert_kind_describe(0, nullptr), IPM_ERR_INVALID_ARGUMENT);
  ipm_drill_info drill = {};
  drill.struct_size = sizeof drill;
  EXPECT_EQ(ipm_drill_describe(static_cast<std::uint32_t>(drills().size()), &drill), IPM_END);
  EXPECT_EQ(ipm_drill_describe(0, nullptr), IPM_ERR_INVALID_ARGUMENT);
}

// As the labels say: the kind, the program, and when; marked as a drill in every column that has room for it.
TEST(AlertKindsTest, ADrillRaisesWhatItsLabelSays) {
  for (const ipm_drill_info& drill : drills()) {
    Monitor monitor;
    monitor.add_source(std::string("drill:") + drill.kind);
    bool raised = false;
    for (bool more = true; more;) {
      more = monitor.step(0) != IPM_END;
      while (const std::optional<ipm_alert> alert = monitor.next_alert()) {
        EXPECT_EQ(alert->drill, 1);
        EXPECT_THAT(alert->evidence, testing::StartsWith("DRILL: "));
        raised |= std::string_view(alert->kind) == drill.kind && std::string_view(alert->comm) == drill.comm &&
                  alert->opened_ns >= drill.begins_ns && alert->opened_ns < drill.ends_ns;
      }
    }
    EXPECT_TRUE(raised) << drill.kind;
    for (const Row row : monitor.table("sources")) EXPECT_EQ(row.text("source"), "drill");
    for (const Row row : monitor.table("alerts", "columns = drill")) EXPECT_EQ(row.integer("drill"), 1);
  }
}

}  // namespace
}  // namespace ipm
