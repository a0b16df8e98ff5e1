#include "cluster/proxy/running_config.h"

#include "cluster/proxy/runtime_socket.h"
#include "runtime/base/number.h"
#include "runtime/base/text.h"

namespace ikada {

Result<std::string> running_config_hash(boost::asio::io_context& loop,
                                        const std::string& runtime_socket,
                                        const boost::asio::yield_context& yield) {
  constexpr std::string_view kField = "description: ikada-";
  IK_LET(answer, ask_haproxy(loop, runtime_socket, "show info", yield));
  for (const std::string_view line : split(answer, '\n')) {
    if (lower_case(line).starts_with(kField)) return std::string(trim(line.substr(kField.size())));
  }
  return std::string("none");
}

std::string config_hash_in(const std::string& config) {
  constexpr std::string_view kLine = "  description ikada-";
  for (const std::string_view line : split(config, '\n')) {
    if (line.starts_with(kLine)) return std::string(line.substr(kLine.size()));
  }
  return {};
}

std::set<std::string> bind_places_in(const std::string& config) {
  constexpr std::string_view kBind = "  bind ";
  std::set<std::string> places;
  for (std::string_view line : split(config, '\n')) {
    if (!line.starts_with(kBind)) continue;
    line.remove_prefix(kBind.size());
    places.emplace(cut(line, ' ').before);
  }
  return places;
}

std::int64_t untold_requests(const std::string& info) {
  constexpr std::string_view kField = "DroppedLogs: ";
  for (const std::string_view line : split(info, '\n')) {
    if (!line.starts_with(kField)) continue;
    return parse_signed(trim(line.substr(kField.size()))).value_or(0);
  }
  return 0;
}

std::vector<std::string> old_worker_pids(const std::string& processes) {
  std::vector<std::string> pids;
  bool is_old = false;
  for (const std::string_view line : split(processes, '\n')) {
    if (line.starts_with("# ")) is_old = line.starts_with("# old workers");
    if (!is_old || line.starts_with("#") || trim(line).empty()) continue;
    const size_t end = line.find_first_of(" \t");
    pids.emplace(pids.begin(), line.substr(0, end));
  }
  return pids;
}

}  // namespace ikada
