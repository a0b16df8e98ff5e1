#include "cmd/ikada/container_rows.h"

#include <algorithm>
#include <array>
#include <map>
#include <set>

#include "cluster/engine/container_names.h"
#include "cmd/ikada/go_printf.h"
#include "runtime/base/number.h"
#include "runtime/base/text.h"

namespace ikada {
namespace {

// At most `size` characters of UTF-8.
std::string shorten(const std::string& text, size_t size) {
  size_t count = 0;
  size_t cut_at = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    constexpr int kContinuationMask = 0xC0;
    constexpr int kContinuation = 0x80;
    if ((text[i] & kContinuationMask) == kContinuation) continue;
    if (++count == size) cut_at = i;
  }
  return count <= size ? text : text.substr(0, cut_at) + "…";
}

std::string describe_command(const ContainerRecord& record, bool truncate) {
  // As docker: arguments with a space are in single quotes, and the whole is a Go string.
  std::string command;
  for (const std::string& each : record.args) {
    const bool is_program = &each == record.args.data();
    if (!is_program) command += ' ';
    command += is_program || each.find(' ') == std::string::npos ? each : '\'' + each + '\'';
  }
  constexpr size_t kShown = 20;
  const Json shown = truncate ? shorten(command, kShown) : command;
  return go_printf("%q", {&shown, 1});
}

std::string describe_labels(const ContainerRecord& record) {
  std::vector<std::string> labels;
  for (const auto& [key, value] : record.spec.labels)
    labels.push_back(fmt::format("{}={}", key, value));
  return join(labels, ",");
}

// Volumes by name, binds by host path, as docker's MOUNTS column.
std::string describe_mounts(const ContainerRecord& record, bool truncate) {
  std::vector<std::string> mounts;
  for (const MountSpec& each : record.spec.mounts) {
    if (each.type == MountSpec::Type::kTmpfs) continue;
    constexpr size_t kShown = 15;
    mounts.push_back(truncate ? shorten(each.source, kShown) : each.source);
  }
  return join(mounts, ",");
}

bool is_newer(const ListedContainer& a, const ListedContainer& b) {
  return a.record.created != b.record.created ? a.record.created > b.record.created
                                              : a.record.id > b.record.id;
}

const ListedContainer* find_listed(const std::vector<ListedContainer>& containers,
                                   std::string_view name) {
  for (const ListedContainer& each : containers) {
    if (each.record.name == name || each.record.id.starts_with(name)) return &each;
  }
  return nullptr;
}

bool has_label(const ContainerRecord& record, std::string_view wish) {
  const Cut parts = cut(wish, '=');
  const auto label = record.spec.labels.find(std::string(parts.before));
  return label != record.spec.labels.end() && (!parts.found || label->second == parts.after);
}

bool has_volume(const ContainerRecord& record, std::string_view wish) {
  return std::any_of(
      record.spec.mounts.begin(), record.spec.mounts.end(), [&](const MountSpec& each) {
        return each.source == wish || each.destination == wish;
      });
}

bool has_port(const std::vector<PortSpec>& ports, std::string_view wish) {
  const Cut parts = cut(wish, '/');
  return std::any_of(ports.begin(), ports.end(), [&](const PortSpec& each) {
    return fmt::format("{}", each.container_port) == parts.before &&
           (!parts.found || each.protocol == parts.after);
  });
}

// An image by what was typed, by name without its tag, or by id.
bool has_image(const ContainerRecord& record, std::string_view wish) {
  return record.image == wish || record.image.starts_with(std::string(wish) + ":") ||
         record.image_id == wish || record.image_id.starts_with("sha256:" + std::string(wish));
}

bool matches(const ListedContainer& each, std::string_view key, std::string_view value) {
  const ContainerRecord& record = each.record;
  if (key == "id") return record.id.starts_with(value);
  // docker's expressions are regular expressions; a part of the name is what people use.
  if (key == "name") {
    const bool at_start = value.starts_with('^');
    if (at_start) value.remove_prefix(1);
    if (value.starts_with('/')) value.remove_prefix(1);
    const bool at_end = value.ends_with('$');
    if (at_end) value.remove_suffix(1);
    if (at_start && at_end) return record.name == value;
    if (at_start) return record.name.starts_with(value);
    if (at_end) return record.name.ends_with(value);
    return record.name.find(value) != std::string::npos;
  }
  if (key == "status") return live_state_name(each.status.state) == value;
  if (key == "exited") {
    return each.status.state == LiveState::kExited &&
           fmt::format("{}", each.status.exit_code) == value;
  }
  if (key == "ancestor") return has_image(record, value);
  if (key == "volume") return has_volume(record, value);
  if (key == "network") return record.spec.network.mode == value;
  if (key == "publish") return has_port(record.spec.network.ports, value);
  if (key == "expose") {
    return std::any_of(record.exposed.begin(), record.exposed.end(), [&](const std::string& port) {
      return port == value || cut(port, '/').before == value;
    });
  }
  return false;
}

Result<void> check_filter(std::string_view key, std::string_view value) {
  constexpr std::array<std::string_view, 12> kKeys = {"id",
                                                      "name",
                                                      "label",
                                                      "exited",
                                                      "status",
                                                      "ancestor",
                                                      "before",
                                                      "since",
                                                      "volume",
                                                      "network",
                                                      "publish",
                                                      "expose"};
  if (std::find(kKeys.begin(), kKeys.end(), key) == kKeys.end()) {
    return make_error(ErrorKind::kInvalid, "invalid filter '{}'", key);
  }
  constexpr std::array<std::string_view, 7> kStates = {
      "created", "restarting", "running", "removing", "paused", "exited", "dead"};
  if (key == "status" && std::find(kStates.begin(), kStates.end(), value) == kStates.end()) {
    return make_error(ErrorKind::kInvalid, "invalid filter 'status={}'", value);
  }
  if (key == "exited" && !parse_unsigned(value, 255).has_value()) {
    return make_error(ErrorKind::kInvalid, "invalid filter 'exited={}'", value);
  }
  return {};
}

}  // namespace

Result<std::vector<ListedContainer>> list_all_containers(const EngineLayout& layout) {
  IK_LET(ids, list_containers(layout));
  std::vector<ListedContainer> containers;
  for (const std::string& id : ids) {
    Result<ContainerRecord> record = load_record(layout, id);
    if (!record.has_value()) continue;
    ListedContainer& each = containers.emplace_back();
    each.record = std::move(*record);
    each.status = live_status(layout, id);
    if (each.status.is_running()) each.network = load_network_status(layout, id);
  }
  std::sort(containers.begin(), containers.end(), is_newer);
  return containers;
}

std::string format_docker_time(UnixNanos time) {
  const std::string text = format_rfc3339(time);  // "2026-11-23T21:10:15.123456789Z"
  return fmt::format("{} {} +0000 UTC", text.substr(0, 10), text.substr(11, 8));
}

std::string describe_ports(const ContainerRecord& record, const NetworkStatus& network) {
  std::vector<std::string> ports;
  std::set<std::string> published;
  for (const PublishedPort& each : network.ports) {
    const std::string inside = fmt::format("{}/{}", each.container_port, each.protocol);
    published.insert(inside);
    ports.push_back(fmt::format(
        "{}:{}->{}", each.host_ip.empty() ? "0.0.0.0" : each.host_ip, each.host_port, inside));
  }
  if (record.spec.network.mode != "host") {
    for (const std::string& each : record.exposed) {
      if (!published.contains(each)) ports.push_back(each);
    }
  }
  return join(ports, ", ");
}

Json container_row(const ListedContainer& container, UnixNanos now, bool truncate) {
  const ContainerRecord& record = container.record;
  const bool shows_ports = container.status.is_running();
  Json labels = Json::object();
  for (const auto& [key, value] : record.spec.labels) labels[key] = value;
  return {
      {"ID", truncate ? record.short_id() : record.id},
      {"Image", record.image},
      {"Command", describe_command(record, truncate)},
      {"CreatedAt", format_docker_time(record.created)},
      {"RunningFor", format_duration_words((now - record.created) / 1'000'000'000) + " ago"},
      {"Ports", shows_ports ? describe_ports(record, container.network) : ""},
      {"State", live_state_name(container.status.state)},
      {"Status", describe_status(container.status, now)},
      {"Names", record.name},
      {"Labels", describe_labels(record)},
      {"Mounts", describe_mounts(record, truncate)},
      {"LocalVolumes",
       fmt::format("{}",
                   std::count_if(record.spec.mounts.begin(),
                                 record.spec.mounts.end(),
                                 [](const MountSpec& each) {
                                   return each.type == MountSpec::Type::kVolume;
                                 }))},
      {"Networks", record.spec.network.mode},
      {"Label", std::move(labels)},
  };
}

Result<std::vector<ListedContainer>> filter_containers(std::vector<ListedContainer> containers,
                                                       const std::vector<std::string>& filters) {
  std::map<std::string, std::vector<std::string_view>, std::less<>> wishes;
  for (const std::string& each : filters) {
    const Cut parts = cut(each, '=');
    if (!parts.found) return make_error(ErrorKind::kInvalid, "invalid filter '{}'", each);
    IK_TRY(check_filter(parts.before, parts.after));
    wishes[std::string(parts.before)].push_back(parts.after);
  }
  for (const auto& [key, values] : wishes) {
    if (key == "before" || key == "since") {
      for (const std::string_view value : values) {
        const ListedContainer* other = find_listed(containers, value);
        if (other == nullptr) {
          return make_error(ErrorKind::kNotFound, "No such container: {}", value);
        }
        const UnixNanos time = other->record.created;
        std::erase_if(containers, [&, before = key == "before"](const ListedContainer& each) {
          return before ? each.record.created >= time : each.record.created <= time;
        });
      }
      continue;
    }
    std::erase_if(containers, [&name = key, &wanted = values](const ListedContainer& each) {
      const bool by_label = name == "label";
      const auto holds = [&](std::string_view value) {
        return by_label ? has_label(each.record, value) : matches(each, name, value);
      };
      return by_label ? !std::all_of(wanted.begin(), wanted.end(), holds)
                      : !std::any_of(wanted.begin(), wanted.end(), holds);
    });
  }
  return containers;
}

}  // namespace ikada
