#include "cmd/ikada/table.h"

#include <array>

#include <doctest/doctest.h>

namespace ikada {
namespace {

constexpr std::array kColumns = {
    Column{"ID", "CONTAINER ID"}, Column{"Names", "NAMES"}, Column{"Labels", "LABELS"}};
constexpr TableFormat kTable = {.columns = kColumns, .default_format = "table {{.ID}}\t{{.Names}}"};

std::vector<Json> make_rows() {
  return {{{"ID", "4f1c9a"},
           {"Names", "web"},
           {"Labels", "com.example.role=front"},
           {"Label", {{"com.example.role", "front"}}}},
          {{"ID", "0123456789ab"}, {"Names", "épée"}, {"Labels", ""}, {"Label", Json::object()}}};
}

TEST_CASE("format_rows makes docker's table by default") {
  CHECK(format_rows(kTable, make_rows(), "").value() ==
        "CONTAINER ID   NAMES\n"
        "4f1c9a         web\n"
        "0123456789ab   épée\n");
  CHECK(format_rows(kTable, {}, "table").value() == "CONTAINER ID   NAMES\n");
}

TEST_CASE("format_rows takes other columns, with written-out tabs and labels") {
  CHECK(format_rows(kTable, make_rows(), "table {{.Names}}\\t{{.ID}}").value() ==
        "NAMES     CONTAINER ID\n"
        "web       4f1c9a\n"
        "épée      0123456789ab\n");
  CHECK(format_rows(kTable, make_rows(), "table {{.Names}}\t{{.Label \"com.example.role\"}}")
            .value() ==
        "NAMES     role\n"
        "web       front\n"
        "épée      \n");
  CHECK(format_rows(kTable, make_rows(), "table {{upper .Names}}").value() == "NAMES\nWEB\néPéE\n");
}

TEST_CASE("format_rows prints a line per row without a header for other formats") {
  CHECK(format_rows(kTable, make_rows(), "{{.ID}}\\n{{.Names}}").value() ==
        "4f1c9a\nweb\n0123456789ab\népée\n");
  CHECK(format_rows(kTable, make_rows(), "json").value() ==
        "{\"ID\":\"4f1c9a\",\"Labels\":\"com.example.role=front\",\"Names\":\"web\"}\n"
        "{\"ID\":\"0123456789ab\",\"Labels\":\"\",\"Names\":\"épée\"}\n");
  CHECK(format_rows(kTable, {}, "{{.ID}}").value().empty());
}

TEST_CASE("format_rows refuses a wrong template even without rows") {
  CHECK(!format_rows(kTable, {}, "{{.ID").has_value());
  CHECK(!format_rows(kTable, make_rows(), "{{.Nope}}").has_value());
}

}  // namespace
}  // namespace ikada
