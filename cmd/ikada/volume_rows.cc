#include "cmd/ikada/volume_rows.h"

#include "runtime/base/text.h"

namespace ikada {
namespace {

bool has_label(const LocalVolume& volume, std::string_view wish) {
  const Cut parts = cut(wish, '=');
  const auto label = volume.labels.find(std::string(parts.before));
  return label != volume.labels.end() && (!parts.found || label->second == parts.after);
}

}  // namespace

Json volume_row(const LocalVolume& volume) {
  std::vector<std::string> labels;
  for (const auto& [key, value] : volume.labels) labels.push_back(fmt::format("{}={}", key, value));
  return {{"Driver", "local"},
          {"Name", volume.name},
          {"Scope", "local"},
          {"Mountpoint", volume.data},
          {"Labels", join(labels, ",")},
          {"Links", "N/A"},
          {"Size", "N/A"},
          {"Availability", "N/A"},
          {"Group", "N/A"},
          {"Status", "N/A"},
          {"Label", volume.labels}};
}

Json describe_volume(const LocalVolume& volume) {
  std::map<std::string, std::string> labels = volume.labels;
  if (volume.anonymous) labels.emplace("com.docker.volume.anonymous", "");
  return {{"CreatedAt", format_rfc3339(volume.created)},
          {"Driver", "local"},
          {"Labels", labels.empty() ? Json() : Json(labels)},
          {"Mountpoint", volume.data},
          {"Name", volume.name},
          {"Options", Json()},
          {"Scope", "local"}};
}

Result<std::vector<LocalVolume>> filter_volumes(const EngineLayout& layout,
                                                std::vector<LocalVolume> volumes,
                                                const std::vector<std::string>& filters) {
  for (const std::string& filter : filters) {
    const Cut parts = cut(filter, '=');
    const std::string_view key = parts.before;
    const std::string_view value = parts.after;
    if (key == "name") {
      std::erase_if(volumes, [&](const LocalVolume& each) {
        return each.name.find(value) == std::string::npos;
      });
    } else if (key == "label") {
      std::erase_if(volumes, [&](const LocalVolume& each) { return !has_label(each, value); });
    } else if (key == "label!") {
      std::erase_if(volumes, [&](const LocalVolume& each) { return has_label(each, value); });
    } else if (key == "driver") {
      if (value != "local") volumes.clear();
    } else if (key == "dangling" &&
               (value == "true" || value == "1" || value == "false" || value == "0")) {
      const bool wants_unused = value == "true" || value == "1";
      IK_LET(users, find_volume_users(layout));
      std::erase_if(volumes, [&, &used = users](const LocalVolume& each) {
        return used.contains(each.name) == wants_unused;
      });
    } else {
      return make_error(ErrorKind::kInvalid, "invalid filter '{}'", filter);
    }
  }
  return volumes;
}

}  // namespace ikada
