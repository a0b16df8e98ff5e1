#include "cmd/ikada/json_or_yaml.h"

#include <unistd.h>

#include <array>
#include <utility>
#include <vector>

#include <yaml-cpp/yaml.h>

#include "runtime/base/number.h"
#include "runtime/base/text.h"
#include "runtime/sys/file.h"

namespace ikada {
namespace {

constexpr size_t kMaxInput = size_t{1} << 20;
constexpr int kMaxDepth = 32;
constexpr int kMaxValues = 100'000;  // Aliases make many of few.

struct Place {
  std::string key = {};     // Of the map that it is in.
  std::string parent = {};  // The key of that map.
  bool is_in_list = false;
  int depth = 0;
};

bool is_text_place(const Place& place) {
  static constexpr std::array<std::string_view, 6> kTextMaps = {
      "options", "dockerLabels", "labels", "driverOpts", "tags", "redirectConfig"};
  static constexpr std::array<std::string_view, 5> kTextMembers = {
      "value", "user", "healthCheckPort", "httpCode", "statusCode"};
  if (place.is_in_list) return place.key != "ignoredExitCodes";
  for (const std::string_view each : kTextMaps) {
    if (place.parent == each) return true;
  }
  for (const std::string_view each : kTextMembers) {
    if (place.key == each) return true;
  }
  const bool is_task_level =
      place.depth == 1 || place.parent == "overrides" || place.parent == "taskDefinitions";
  return is_task_level && (place.key == "cpu" || place.key == "memory");
}

// A plain scalar by YAML's core schema; a quoted one is always a text.
Json read_yaml_scalar(const YAML::Node& node, const Place& place) {
  const std::string& text = node.Scalar();
  if (node.Tag() == "!" || is_text_place(place)) return text;
  if (text == "true" || text == "false") return text == "true";
  if (text == "null" || text == "~" || text.empty()) return nullptr;
  const Result<std::int64_t> number = parse_signed(text);
  if (number.has_value()) return *number;
  double fraction = 0;
  if (YAML::convert<double>::decode(node, fraction)) return fraction;
  return text;
}

Result<Json> read_yaml(const YAML::Node& node, const Place& place, int& left) {
  if (--left < 0) return make_error(ErrorKind::kInvalid, "more than {} values", kMaxValues);
  if (place.depth > kMaxDepth) return make_error(ErrorKind::kInvalid, "nested too deeply");
  if (node.IsMap()) {
    Json map = Json::object();
    for (const auto& field : node) {
      const auto key = field.first.as<std::string>();
      if (map.contains(key)) return make_error(ErrorKind::kInvalid, "{} stands twice", key);
      IK_LET(value,
             read_yaml(
                 field.second, {.key = key, .parent = place.key, .depth = place.depth + 1}, left));
      map[key] = std::move(value);
    }
    return map;
  }
  if (node.IsSequence()) {
    Json list = Json::array();
    for (const YAML::Node& each : node) {
      IK_LET(value,
             read_yaml(each,
                       {.key = place.key,
                        .parent = place.parent,
                        .is_in_list = true,
                        .depth = place.depth + 1},
                       left));
      list.push_back(std::move(value));
    }
    return list;
  }
  if (node.IsScalar()) return read_yaml_scalar(node, place);
  return Json();
}

Result<std::string> read_input(const std::string& path) {
  if (path == "-") return read_fd(STDIN_FILENO, kMaxInput).context("stdin");
  return read_file(path, kMaxInput);
}

}  // namespace

Result<Json> parse_json_or_yaml(const std::string& text) {
  Result<Json> json = Json();
  if (trim(text).starts_with('{')) {
    json = parse_json(text);
  } else {
    try {
      int left = kMaxValues;
      const std::vector<YAML::Node> documents = YAML::LoadAll(text);
      if (documents.size() > 1) {
        return make_error(
            ErrorKind::kInvalid, "{} YAML documents, where one is expected", documents.size());
      }
      json = documents.empty() ? Json() : read_yaml(documents.front(), {}, left);
    } catch (const YAML::Exception& error) {
      return make_error(ErrorKind::kInvalid, "{}", error.what());
    }
  }
  if (!json.has_value()) return json;
  if (!json->is_object()) return make_error(ErrorKind::kInvalid, "expected an object");
  return json;
}

Result<Json> load_json_or_yaml(const std::string& path) {
  IK_LET(text, read_input(path));
  return parse_json_or_yaml(text).context("{}", path);
}

}  // namespace ikada
