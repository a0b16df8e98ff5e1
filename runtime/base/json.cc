#include "runtime/base/json.h"

#include <limits>
#include <set>

namespace ikada {
namespace {

// Watches the parser's events for what the library allows and we do not.
class StrictRules {
 public:
  explicit StrictRules(int max_depth) : max_depth_(max_depth) {}

  bool operator()(int depth, Json::parse_event_t event, Json& parsed) {
    switch (event) {
      case Json::parse_event_t::object_start:
        keys_.emplace_back();
        break;
      case Json::parse_event_t::object_end:
        keys_.pop_back();
        break;
      case Json::parse_event_t::key:
        if (!keys_.back().insert(parsed.get_ref<const std::string&>()).second && broken_.empty()) {
          broken_ = fmt::format("key {} stands twice", parsed.dump());
        }
        break;
      default:
        break;
    }
    if (depth > max_depth_ && broken_.empty()) {
      broken_ = fmt::format("nested deeper than {} levels", max_depth_);
    }
    return true;
  }

  const std::string& broken() const { return broken_; }

 private:
  int max_depth_;
  std::vector<std::set<std::string>> keys_;
  std::string broken_;
};

}  // namespace

Result<Json> parse_json(std::string_view text, const JsonLimits& limits) {
  if (text.size() > limits.max_bytes) {
    return make_error(ErrorKind::kInvalid, "JSON is larger than {} bytes", limits.max_bytes);
  }
  StrictRules rules(limits.max_depth);
  Json json = Json::parse(
      text.begin(),
      text.end(),
      [&rules](int depth, Json::parse_event_t event, Json& parsed) {
        return rules(depth, event, parsed);
      },
      /*allow_exceptions=*/false);
  if (json.is_discarded()) return make_error(ErrorKind::kInvalid, "not valid JSON");
  if (!rules.broken().empty()) {
    return make_error(ErrorKind::kInvalid, "not acceptable JSON: {}", rules.broken());
  }
  return json;
}

struct JsonReader::State {
  std::string name;
  std::string error;
};

JsonReader::JsonReader(const Json& json, std::string_view name)
    : json_(&json), state_(std::make_shared<State>()) {
  state_->name = name;
  if (!json.is_object()) {
    json_ = nullptr;
    state_->error = "expected an object";
  }
}

JsonReader::JsonReader(const Json* json, std::string path, std::shared_ptr<State> state)
    : json_(json), path_(std::move(path)), state_(std::move(state)) {}

const Json* JsonReader::find(std::string_view key) const {
  if (json_ == nullptr) return nullptr;
  const auto found = json_->find(key);
  if (found == json_->end() || found->is_null()) return nullptr;
  return &*found;
}

void JsonReader::fail(std::string_view key, std::string_view what) {
  if (!state_->error.empty()) return;
  const std::string_view dot = path_.empty() || key.empty() ? "" : ".";
  state_->error = fmt::format("{}{}{}: {}", path_, dot, key, what);
}

Result<void> JsonReader::done() const {
  if (state_->error.empty()) return {};
  return make_error(ErrorKind::kInvalid, "{}: {}", state_->name, state_->error);
}

void JsonReader::read(std::string_view key, bool& out) {
  const Json* value = find(key);
  if (value == nullptr) return;
  if (!value->is_boolean()) return fail(key, "expected true or false");
  out = value->get<bool>();
}

void JsonReader::read(std::string_view key, std::int64_t& out) {
  const Json* value = find(key);
  if (value == nullptr) return;
  if (!value->is_number_integer()) return fail(key, "expected an integer");
  if (value->is_number_unsigned() &&
      value->get<std::uint64_t>() > std::uint64_t{std::numeric_limits<std::int64_t>::max()}) {
    return fail(key, "number out of range");
  }
  out = value->get<std::int64_t>();
}

void JsonReader::read(std::string_view key, std::uint64_t& out) {
  const Json* value = find(key);
  if (value == nullptr) return;
  if (!value->is_number_integer()) return fail(key, "expected an integer");
  if (!value->is_number_unsigned() && value->get<std::int64_t>() < 0) {
    return fail(key, "number out of range");
  }
  out = value->get<std::uint64_t>();
}

void JsonReader::read(std::string_view key, std::int32_t& out) {
  std::int64_t wide = out;
  read(key, wide);
  if (wide < std::numeric_limits<std::int32_t>::min() ||
      wide > std::numeric_limits<std::int32_t>::max()) {
    return fail(key, "number out of range");
  }
  out = static_cast<std::int32_t>(wide);
}

void JsonReader::read(std::string_view key, std::uint32_t& out) {
  std::uint64_t wide = out;
  read(key, wide);
  if (wide > std::numeric_limits<std::uint32_t>::max()) return fail(key, "number out of range");
  out = static_cast<std::uint32_t>(wide);
}

void JsonReader::read(std::string_view key, double& out) {
  const Json* value = find(key);
  if (value == nullptr) return;
  if (!value->is_number()) return fail(key, "expected a number");
  out = value->get<double>();
}

void JsonReader::read(std::string_view key, std::string& out) {
  const Json* value = find(key);
  if (value == nullptr) return;
  if (!value->is_string()) return fail(key, "expected a string");
  out = value->get_ref<const std::string&>();
}

void JsonReader::read(std::string_view key, std::vector<std::string>& out) {
  const Json* value = find(key);
  if (value == nullptr) return;
  std::vector<std::string> strings;
  if (!value->is_array()) return fail(key, "expected an array of strings");
  for (const Json& item : *value) {
    if (!item.is_string()) return fail(key, "expected an array of strings");
    strings.push_back(item.get_ref<const std::string&>());
  }
  out = std::move(strings);
}

void JsonReader::read(std::string_view key, std::map<std::string, std::string>& out) {
  const Json* value = find(key);
  if (value == nullptr) return;
  std::map<std::string, std::string> strings;
  if (!value->is_object()) return fail(key, "expected an object of strings");
  for (const auto& [name, item] : value->items()) {
    if (!item.is_string()) return fail(key, "expected an object of strings");
    strings.emplace(name, item.get_ref<const std::string&>());
  }
  out = std::move(strings);
}

JsonReader JsonReader::object(std::string_view key) {
  const Json* value = find(key);
  if (value != nullptr && !value->is_object()) {
    fail(key, "expected an object");
    value = nullptr;
  }
  const std::string_view dot = path_.empty() ? "" : ".";
  return {value, fmt::format("{}{}{}", path_, dot, key), state_};
}

std::vector<JsonReader> JsonReader::objects(std::string_view key) {
  std::vector<JsonReader> readers;
  const Json* value = find(key);
  if (value == nullptr) return readers;
  if (!value->is_array()) {
    fail(key, "expected an array of objects");
    return readers;
  }
  const std::string_view dot = path_.empty() ? "" : ".";
  for (size_t i = 0; i < value->size(); ++i) {
    if (!(*value)[i].is_object()) {
      fail(key, "expected an array of objects");
      return {};
    }
    readers.push_back(
        JsonReader(&(*value)[i], fmt::format("{}{}{}[{}]", path_, dot, key, i), state_));
  }
  return readers;
}

}  // namespace ikada
