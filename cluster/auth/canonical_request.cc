#include "cluster/auth/canonical_request.h"

#include <algorithm>

#include "cluster/auth/percent_encoding.h"
#include "runtime/base/text.h"

namespace ikada::auth {

std::string canonical_path(std::string_view path) {
  std::vector<std::string_view> kept;
  for (const std::string_view segment : split(path, '/')) {
    if (segment.empty() || segment == ".") continue;
    if (segment != "..") {
      kept.push_back(segment);
    } else if (!kept.empty()) {
      kept.pop_back();
    }
  }
  std::string canonical;
  for (const std::string_view segment : kept) canonical += '/' + percent_encode(segment);
  if (kept.empty() || path.ends_with('/')) canonical += '/';
  return canonical;
}

Result<QueryParameters> parse_query(std::string_view query) {
  QueryParameters parameters;
  if (query.empty()) return parameters;
  for (const std::string_view part : split(query, '&')) {
    const Cut pair = cut(part, '=');
    IK_LET(name, percent_decode(pair.before));
    IK_LET(value, percent_decode(pair.after));
    parameters.emplace_back(std::move(name), std::move(value));
  }
  return parameters;
}

std::string canonical_query(const QueryParameters& parameters, std::string_view except) {
  QueryParameters encoded;
  for (const auto& [name, value] : parameters) {
    if (!except.empty() && name == except) continue;
    encoded.emplace_back(percent_encode(name), percent_encode(value));
  }
  std::sort(encoded.begin(), encoded.end());
  std::string canonical;
  for (const auto& [name, value] : encoded) {
    if (!canonical.empty()) canonical += '&';
    canonical += name;
    canonical += '=';
    canonical += value;
  }
  return canonical;
}

std::string canonical_value(std::string_view value) {
  std::string canonical;
  for (const char letter : trim(value)) {
    const bool is_space = letter == ' ' || letter == '\t';
    if (is_space && canonical.ends_with(' ')) continue;
    canonical += is_space ? ' ' : letter;
  }
  return canonical;
}

std::string canonical_headers(std::span<const HeaderField> headers,
                              const std::vector<std::string>& names) {
  std::string canonical;
  for (const std::string& name : names) {
    canonical += name;
    char separator = ':';
    for (const HeaderField& field : headers) {
      if (lower_case(field.name) != name) continue;
      canonical += separator;
      canonical += canonical_value(field.value);
      separator = ',';
    }
    canonical += '\n';
  }
  return canonical;
}

}  // namespace ikada::auth
