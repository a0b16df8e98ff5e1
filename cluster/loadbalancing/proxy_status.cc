#include "cluster/loadbalancing/proxy_status.h"

#include <vector>

#include "runtime/base/number.h"

namespace ikada {
namespace {

// The fields of the next line, which is taken from `csv`. A quoted field may hold commas and line
// ends: texts of targets are among them.
std::vector<std::string> take_csv_line(std::string_view& csv) {
  std::vector<std::string> fields(1);
  bool is_quoted = false;
  size_t at = 0;
  for (; at < csv.size(); ++at) {
    const char byte = csv[at];
    if (byte == '"') {
      const bool is_twice = is_quoted && at + 1 < csv.size() && csv[at + 1] == '"';
      if (is_twice) fields.back() += csv[++at];
      if (!is_twice) is_quoted = !is_quoted;
      continue;
    }
    if (!is_quoted && byte == '\n') {
      ++at;
      break;
    }
    if (!is_quoted && byte == ',') {
      fields.emplace_back();
    } else {
      fields.back() += byte;
    }
  }
  csv.remove_prefix(at);
  return fields;
}

// One line with the names of its columns.
class CsvRow {
 public:
  CsvRow(const std::map<std::string, size_t>& columns, std::vector<std::string> fields)
      : columns_(columns), fields_(std::move(fields)) {}

  std::string text(const char* column) const {
    const auto found = columns_.find(column);
    if (found == columns_.end() || found->second >= fields_.size()) return {};
    return fields_[found->second];
  }

  std::int64_t number(const char* column) const {
    const auto parsed = parse_signed(text(column));
    return parsed.has_value() ? *parsed : 0;
  }

 private:
  const std::map<std::string, size_t>& columns_;
  std::vector<std::string> fields_;
};

ProxyServer read_server(const CsvRow& row) {
  ProxyServer server;
  server.address = row.text("addr");
  server.status = row.text("status");
  server.check_status = row.text("check_status");
  // While the next check runs, what the last one found has a star in front.
  if (server.check_status.starts_with("* ")) server.check_status.erase(0, 2);
  server.check_code = static_cast<int>(row.number("check_code"));
  server.weight = static_cast<int>(row.number("uweight"));
  server.sessions = row.number("scur");
  return server;
}

SectionCounts read_counts(const CsvRow& row) {
  SectionCounts counts;
  counts.requests = row.number("req_tot");
  counts.responses = {row.number("hrsp_1xx"),
                      row.number("hrsp_2xx"),
                      row.number("hrsp_3xx"),
                      row.number("hrsp_4xx"),
                      row.number("hrsp_5xx")};
  counts.connection_errors = row.number("econ");
  counts.sessions = row.number("scur");
  counts.bytes_in = row.number("bin");
  counts.bytes_out = row.number("bout");
  counts.response_ms = row.number("rtime");
  return counts;
}

}  // namespace

Result<ProxyStatus> parse_proxy_status(std::string_view csv) {
  constexpr std::string_view kStart = "# pxname,";
  if (!csv.starts_with(kStart)) return make_error(ErrorKind::kInvalid, "not HAProxy's statistics");
  csv.remove_prefix(2);
  std::map<std::string, size_t> columns;
  for (const std::string& name : take_csv_line(csv)) columns.emplace(name, columns.size());
  if (!columns.contains("uweight") || !columns.contains("addr")) {
    return make_error(ErrorKind::kInvalid, "HAProxy's statistics lack columns");
  }
  ProxyStatus status;
  while (!csv.empty()) {
    const CsvRow row(columns, take_csv_line(csv));
    const std::string section = row.text("pxname");
    const std::string name = row.text("svname");
    if (section.empty() || name.empty() || section == "# pxname") continue;
    if (name == "FRONTEND") {
      status.connections[section] = {.opened = row.number("conn_tot"), .open = row.number("scur")};
    } else if (name == "BACKEND") {
      status.counts[section] = read_counts(row);
    } else {
      status.servers[section][name] = read_server(row);
    }
  }
  return status;
}

void replace_sections(ProxyStatus& status, ProxyStatus part) {
  // A section without servers is told by its counts alone.
  for (auto& [section, counts] : part.counts) {
    status.counts[section] = counts;
    status.servers[section] = std::move(part.servers[section]);
  }
}

void add_lingering(ProxyStatus& status, const ProxyStatus& old_worker) {
  for (const auto& [section, servers] : old_worker.servers) {
    for (const auto& [name, server] : servers) {
      if (server.sessions > 0) status.lingering[name] += server.sessions;
    }
  }
}

}  // namespace ikada
