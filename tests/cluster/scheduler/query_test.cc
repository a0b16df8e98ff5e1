#include "cluster/scheduler/query.h"

#include <array>
#include <string>
#include <vector>

#include <doctest/doctest.h>

namespace ikada::scheduler {
namespace {

// The host that the rows below speak of.
class SampleHost {
 public:
  HostFacts facts() const {
    return {.agent_connected = true,
            .agent_version = "1.75.3",
            .ec2_instance_id = "i-0abc",
            .registered_at_s = 1529360908,  // 2018-06-18T22:28:28Z
            .running_tasks = 7,
            .attributes = &attributes_,
            .groups = groups_};
  }

 private:
  Attributes attributes_ = {{"ecs.instance-type", "g2.2xlarge"},
                            {"ecs.availability-zone", "us-east-1c"},
                            {"stack", "prod east"},
                            {"rack", "12"},
                            {"gpu", ""},
                            {"path/to\\x", "a:b@c/d"}};
  std::array<std::string_view, 2> groups_ = {"service:web", "database"};
};

struct Row {
  const char* text;
  bool matches;
};

void check_rows(std::span<const Row> rows) {
  const SampleHost host;
  for (const Row& row : rows) {
    CAPTURE(row.text);
    const Result<Query> query = Query::parse(row.text);
    if (!query.has_value()) FAIL_CHECK(query.error().message);
    if (!query.has_value()) continue;
    CHECK(query->matches(host.facts()) == row.matches);
    CHECK(query->text() == row.text);
  }
}

}  // namespace

TEST_CASE("every subject and operator selects what it says") {
  static constexpr auto rows = std::to_array<Row>({
      {"attribute:ecs.instance-type == g2.2xlarge", true},
      {"attribute:ecs.instance-type equals g2.2xlarge", true},
      {"attribute:ecs.instance-type==g2.2xlarge", true},
      {"attribute:ecs.instance-type == g2", false},
      {"attribute:ecs.instance-type == G2.2XLARGE", false},
      {"attribute:ecs.instance-type != t2.micro", true},
      {"attribute:ecs.instance-type not_equals g2.2xlarge", false},
      {"attribute:ecs.instance-type =~ g2.*", true},
      {"attribute:ecs.instance-type matches g2", false},
      {"attribute:ecs.instance-type !~ t2.*", true},
      {"attribute:ecs.instance-type not_matches g2.*", false},
      {"attribute:ecs.availability-zone in [us-east-1a, us-east-1c]", true},
      {"attribute:ecs.availability-zone in [us-east-1a,us-east-1b]", false},
      {"attribute:ecs.availability-zone !in [us-east-1a]", true},
      {"attribute:ecs.availability-zone not_in [us-east-1c]", false},
      {"attribute:gpu exists", true},
      {"attribute:gpu == ''", true},
      {"attribute:none exists", false},
      {"attribute:none !exists", true},
      {"attribute:none ! exists", true},
      {"attribute:gpu not_exists", false},
      {"attribute:rack > 9", true},
      {"attribute:rack greater_than 12", false},
      {"attribute:rack >= 12", true},
      {"attribute:rack greater_than_equal 13", false},
      {"attribute:rack < 100", true},
      {"attribute:rack less_than 12", false},
      {"attribute:rack <= 12", true},
      {"attribute:rack less_than_equal 3", false},
      {"attribute:stack == \"prod east\"", true},
      {"attribute:stack == 'prod east'", true},
      {"attribute:stack =~ \"prod (east|west)\"", true},
      {"attribute:path/to\\x == a:b@c/d", true},
      {"agentConnected == true", true},
      {"agentConnected != true", false},
      {"agentConnected in [true, false]", true},
      {"agentConnected not_in [true]", false},
      {"agentConnected =~ t.*", true},
      {"agentConnected !~ t.*", false},
      {"agentVersion > 1.9", true},
      {"agentVersion < 1.100.0", true},
      {"agentVersion >= 1.75.3", true},
      {"agentVersion <= 1.75.2", false},
      {"agentVersion == v1.75.3.0", true},
      {"agentVersion != 1.75.3", false},
      {"ec2InstanceId == i-0abc", true},
      {"ec2InstanceId in ['i-1', \"i-0abc\"]", true},
      {"ec2InstanceId =~ i-[0-9a-f]+", true},
      {"registeredAt == 2018-06-18T22:28:28+00:00", true},
      {"registeredAt > 2018-06-18", true},
      {"registeredAt < 2018-06-18T22:28:29", true},
      {"registeredAt <= 2018-06-18T22:28:27Z", false},
      {"registeredAt != 2018-06-18T22:28:28Z", false},
      {"runningTasksCount == 7", true},
      {"runningTasksCount < 10", true},
      {"runningTasksCount >= 8", false},
      {"task:group == service:web", true},
      {"task:group == service:other", false},
      {"task:group != database", false},
      {"task:group in [cache, database]", true},
      {"task:group =~ service:.*", true},
      {"task:group !~ batch.*", true},
  });
  check_rows(rows);
}

TEST_CASE("a subject that is not there is different from everything") {
  static constexpr auto rows = std::to_array<Row>({
      {"attribute:none == x", false},
      {"attribute:none != x", true},
      {"attribute:none in [x]", false},
      {"attribute:none not_in [x]", true},
      {"attribute:none =~ .*", false},
      {"attribute:none !~ .*", true},
      {"attribute:none > 0", false},
      {"attribute:none < 9", false},
  });
  check_rows(rows);

  const HostFacts unknown;
  CHECK_FALSE(Query::parse("agentVersion >= 0").value().matches(unknown));
  CHECK(Query::parse("agentVersion != 1").value().matches(unknown));
  CHECK_FALSE(Query::parse("ec2InstanceId =~ .*").value().matches(unknown));
  CHECK_FALSE(Query::parse("task:group =~ .*").value().matches(unknown));
  CHECK_FALSE(Query::parse("attribute:x exists").value().matches(unknown));
}

TEST_CASE("not binds closer than and, and closer than or") {
  // T and F are true and false.
  static constexpr auto rows = std::to_array<Row>({
      {"T || T && F", true},
      {"(T || T) && F", false},
      {"F && F || T", true},
      {"F && (F || T)", false},
      {"!F && F", false},
      {"!(F && F)", true},
      {"not F and T", true},
      {"not (T and T)", false},
      {"not(T)", false},
      {"not not T", true},
      {"! !T", true},
      {"F or F or T", true},
      {"T and T and F", false},
      {"F or T and not F", true},
      {"((((T))))", true},
  });
  const SampleHost host;
  for (const Row& row : rows) {
    CAPTURE(row.text);
    std::string text;
    for (const char letter : std::string_view(row.text)) {
      if (letter == 'T') {
        text += "runningTasksCount == 7";
      } else if (letter == 'F') {
        text += "runningTasksCount==8";
      } else {
        text += letter;
      }
    }
    const Result<Query> query = Query::parse(text);
    REQUIRE(query.has_value());
    CHECK(query->matches(host.facts()) == row.matches);
  }
}

TEST_CASE("words of the language may be values, and regular expressions may hold anything") {
  static constexpr auto rows = std::to_array<Row>({
      {"attribute:stack == and and attribute:rack == 12", false},
      {"attribute:stack != or || attribute:rack == 13", true},
      {"(attribute:ecs.instance-type =~ g2.*)", true},
      {"(attribute:ecs.instance-type =~ (g2|g3)[.].*) and attribute:rack == 12", true},
      {"attribute:ecs.instance-type =~ g2.*&&attribute:rack == 12", true},
      {"attribute:ecs.instance-type =~ g2.*|| attribute:rack == 13", true},
      {"attribute:ecs.instance-type =~ g2\\.2xlarge", true},
      {"attribute:ecs.instance-type =~ g2\\).*", false},
      {"attribute:stack =~ 'prod\\seast'", true},
      {"attribute:stack == 'it\\'s'", false},
  });
  check_rows(rows);

  const Attributes attributes = {{"stack", "it's \\x"}};
  CHECK(
      Query::parse("attribute:stack == 'it\\'s \\x'").value().matches({.attributes = &attributes}));
}

TEST_CASE("mistakes are refused with their place") {
  struct Mistake {
    const char* text;
    const char* message;
  };
  for (const Mistake& row : {
           Mistake{"", "character 1: expected a subject such as attribute:NAME"},
           Mistake{"  ", "character 3: expected a subject such as attribute:NAME"},
           Mistake{"bogus == 1", "character 1: unknown subject bogus"},
           Mistake{"attribute: == 1", "character 1: expected the attribute's name"},
           Mistake{"attribute:x", "character 12: expected an operator"},
           Mistake{"attribute:x like y", "character 13: expected an operator"},
           Mistake{"attribute:x = y", "character 13: expected an operator"},
           Mistake{"attribute:x ! y", "character 13: expected an operator"},
           Mistake{"attribute:x ==", "character 15: expected a value"},
           Mistake{"attribute:x == ==", "character 16: expected a value"},
           Mistake{"attribute:x =~ ", "character 16: expected a value"},
           Mistake{"attribute:x == 'y", "character 16: this quote is not closed"},
           Mistake{"attribute:x in y", "character 16: expected ["},
           Mistake{"attribute:x in []", "character 17: expected a value"},
           Mistake{"attribute:x in [a b]", "character 19: expected , or ]"},
           Mistake{"attribute:x in [a,", "character 19: expected a value"},
           Mistake{"attribute:x == y z", "character 18: expected and, or, or the end"},
           Mistake{"attribute:x == y and", "character 21: expected a subject"},
           Mistake{"(attribute:x == y", "character 18: expected )"},
           Mistake{"attribute:x == y)", "character 17: expected and, or, or the end"},
           Mistake{"attribute:x == (y)", "character 16: expected a value"},
           Mistake{"attribute:x & y", "character 13: unexpected character"},
           Mistake{"attribute:x =~ 'a('", "character 16: regular expression:"},
           Mistake{"agentConnected == yes", "character 19: expected true or false"},
           Mistake{"agentConnected > true", "character 16: this subject does not take"},
           Mistake{"agentVersion =~ 1.*", "character 14: this subject does not take"},
           Mistake{"agentVersion exists", "character 14: this subject does not take"},
           Mistake{"task:group > a", "character 12: this subject does not take"},
           Mistake{"registeredAt < today", "character 16: expected a date"},
           Mistake{"runningTasksCount < few", "character 21: expected a count"},
           Mistake{"runningTasksCount < -1", "character 21: expected a count"},
       }) {
    CAPTURE(row.text);
    const Result<Query> query = Query::parse(row.text);
    REQUIRE_FALSE(query.has_value());
    CHECK(query.error().kind == ErrorKind::kInvalid);
    const std::string expected = "cluster query: " + std::string(row.message);
    CHECK(query.error().message.substr(0, expected.size()) == expected);
  }
}

TEST_CASE("length, depth and lists have limits") {
  CHECK_FALSE(Query::parse("attribute:x == " + std::string(2000, 'y')).has_value());
  CHECK(Query::parse("attribute:x == " + std::string(1985, 'y')).has_value());
  CHECK_FALSE(Query::parse(std::string(60, '(') + "agentConnected == true" + std::string(60, ')'))
                  .has_value());
  CHECK_FALSE(Query::parse(std::string(600, '!') + "(agentConnected == true)").has_value());
  std::string list = "attribute:x in [a";
  for (int i = 0; i < 250; ++i) list += ",b";
  CHECK_FALSE(Query::parse(list + "]").has_value());
  std::string patterns = "attribute:x =~ a";
  for (int i = 1; i < 20; ++i) patterns += " or attribute:x =~ a";
  CHECK(Query::parse(patterns).has_value());
  CHECK_FALSE(Query::parse(patterns + " or attribute:x =~ a").has_value());
}

TEST_CASE("a query knows what it asks about") {
  CHECK(Query::parse("attribute:a == b and not attribute:c exists").value().asks_only_attributes());
  CHECK_FALSE(Query::parse("attribute:a == b or agentVersion > 1").value().asks_only_attributes());
  CHECK(Query::parse("not (task:group == a)").value().asks_groups());
  CHECK_FALSE(Query::parse("runningTasksCount == 0").value().asks_groups());
}

}  // namespace ikada::scheduler
