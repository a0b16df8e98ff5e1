#include "cmd/ikada/table.h"

#include <stdio.h>

#include <algorithm>

#include "cmd/ikada/go_template.h"
#include "runtime/base/text.h"

namespace ikada {
namespace {

constexpr std::string_view kMethods = "Label";
constexpr size_t kPadding = 3;

// The template with written-out \t and \n replaced.
std::string with_real_tabs(std::string_view format) {
  std::string text;
  for (size_t i = 0; i < format.size(); ++i) {
    const char next = format[i] == '\\' && i + 1 < format.size() ? format[i + 1] : '\0';
    if (next == 't' || next == 'n') {
      text += next == 't' ? '\t' : '\n';
      ++i;
    } else {
      text += format[i];
    }
  }
  return text;
}

size_t character_count(std::string_view text) {
  return static_cast<size_t>(std::ranges::count_if(
      text, [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }));
}

// The row without the object that serves {{.Label "key"}}, and that object.
struct SplitRow {
  Json fields;
  Json methods = Json::object();
};

SplitRow split_row(const Json& row) {
  SplitRow parts{.fields = row};
  const auto labels = parts.fields.find(kMethods);
  if (labels == parts.fields.end() || !labels->is_object()) return parts;
  parts.methods[std::string(kMethods)] = std::move(*labels);
  parts.fields.erase(labels);
  return parts;
}

Result<std::string> header_line(const TableFormat& table, const Template& line) {
  Json headers = Json::object();
  for (const Column& column : table.columns) headers[std::string(column.field)] = column.header;
  const Json methods = {{std::string(kMethods), Json::object()}};
  return line.execute(headers, {.methods = &methods, .is_header = true});
}

}  // namespace

std::string align_columns(std::string_view text, size_t min_cell_width) {
  std::vector<std::vector<std::string_view>> lines;
  std::vector<size_t> widths;
  for (const std::string_view line : split(text, '\n')) {
    lines.push_back(split(line, '\t'));
    const std::vector<std::string_view>& cells = lines.back();
    // The last cell of a line belongs to no column.
    for (size_t i = 0; i + 1 < cells.size(); ++i) {
      if (i == widths.size()) widths.push_back(min_cell_width);
      widths[i] = std::max(widths[i], character_count(cells[i]) + kPadding);
    }
  }
  std::string out;
  for (size_t i = 0; i < lines.size(); ++i) {
    if (i > 0) out += '\n';
    for (size_t cell = 0; cell < lines[i].size(); ++cell) {
      out += lines[i][cell];
      const bool is_last = cell + 1 == lines[i].size();
      if (!is_last) out.append(widths[cell] - character_count(lines[i][cell]), ' ');
    }
  }
  return out;
}

Result<std::string> format_rows(const TableFormat& table,
                                const std::vector<Json>& rows,
                                std::string_view format) {
  std::string_view chosen = trim(format);
  if (chosen.empty() || chosen == "table") chosen = table.default_format;
  if (chosen == "json") chosen = "{{json .}}";
  const bool is_table = chosen.starts_with("table ") || chosen.starts_with("table\\t");
  if (is_table) chosen = trim(chosen.substr(std::string_view("table").size()));
  IK_LET(line, Template::parse(with_real_tabs(chosen)));
  std::string text;
  if (is_table) {
    IK_LET(header, header_line(table, line));
    text += header + "\n";
  }
  for (const Json& row : rows) {
    const SplitRow parts = split_row(row);
    IK_LET(rendered, line.execute(parts.fields, {.methods = &parts.methods}));
    text += rendered + "\n";
  }
  return is_table ? align_columns(text) : text;
}

Result<void> print_rows(const TableFormat& table,
                        const std::vector<Json>& rows,
                        std::string_view format) {
  IK_LET(text, format_rows(table, rows, format));
  ::fwrite(text.data(), 1, text.size(), stdout);
  return {};
}

}  // namespace ikada
