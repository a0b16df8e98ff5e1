// Rows as docker prints them: a table by default, or what --format asks for.
//
//   --format empty or "table"   the table of `default_format`, with headers
//   "table TEMPLATE"            the same with other columns
//   "json"                      one JSON object a line
//   TEMPLATE                    the template once per row, each followed by a newline
//
// A row is an object with a member per field name, {"ID": "4f1c…", "Names": "web"}; values are what
// is printed. A member "Label" that is an object serves {{.Label "key"}} and is not part of {{json
// .}}. "\t" and "\n" written out in a template mean tab and newline.
//
// Source: docker "Format command and log output"; Go, package text/tabwriter.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/base/json.h"
#include "runtime/base/result.h"

namespace ikada {

struct Column {
  std::string_view field;   // "ID"
  std::string_view header;  // "CONTAINER ID"
};

struct TableFormat {
  std::span<const Column> columns;  // Every field that may stand in a template.
  std::string_view default_format;  // "table {{.ID}}\t{{.Image}}"
};

// The text for stdout. kInvalid if the template is wrong, also when there are no rows.
Result<std::string> format_rows(const TableFormat& table,
                                const std::vector<Json>& rows,
                                std::string_view format);

// The same, written to stdout.
Result<void> print_rows(const TableFormat& table,
                        const std::vector<Json>& rows,
                        std::string_view format);

// Pads tab-separated cells to columns: at least so wide, three spaces between them.
std::string align_columns(std::string_view text, size_t min_cell_width = 10);

}  // namespace ikada
