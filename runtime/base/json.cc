#include "runtime/base/json.h"

#include <algorithm>
#include <limits>
#include <utility>

template class nlohmann::basic_json<>;

namespace ikada {
namespace {

// A value takes up to 100 bytes of memory and may take two of text: so many there may be, 250,000
// for the usual limit of bytes.
constexpr size_t kTextBytesPerValue = 16;
constexpr size_t kAlwaysAllowedValues = 1000;
constexpr size_t kMaxShownKeyBytes = 100;

// Builds the value from the parser's events, and stops at what the library allows and we do not.
class StrictBuilder {
 public:
  explicit StrictBuilder(const JsonLimits& limits)
      : max_depth_(static_cast<size_t>(limits.max_depth)),
        max_values_(std::max(limits.max_bytes / kTextBytesPerValue, kAlwaysAllowedValues)) {}

  Json take() { return std::move(root_); }
  // Why it stopped; empty if the text is no JSON at all.
  const std::string& broken() const { return broken_; }

  // The parser's events: false stops it.
  bool null() { return add(nullptr); }
  bool boolean(bool value) { return add(value); }
  bool number_integer(Json::number_integer_t value) { return add(value); }
  bool number_unsigned(Json::number_unsigned_t value) { return add(value); }
  bool number_float(Json::number_float_t value, const std::string& /*text*/) { return add(value); }
  bool string(std::string& value) { return add(std::move(value)); }
  bool binary(Json::binary_t& /*value*/) { return false; }
  bool start_object(size_t /*count*/) { return open(Json::value_t::object); }
  bool start_array(size_t /*count*/) { return open(Json::value_t::array); }
  bool end_object() { return close(); }
  bool end_array() { return close(); }

  bool key(std::string& name) {
    const auto [place, is_new] =
        open_.back()->get_ref<Json::object_t&>().try_emplace(std::move(name), nullptr);
    if (!is_new) {
      const Json shown(place->first.substr(0, kMaxShownKeyBytes));
      broken_ = fmt::format("key {} stands twice",
                            shown.dump(-1, ' ', false, Json::error_handler_t::replace));
    }
    member_ = &place->second;
    return is_new;
  }

  bool parse_error(size_t /*at*/, const std::string& /*token*/, const Json::exception& /*why*/) {
    return false;
  }

 private:
  // The place of the next value: behind a key, in an array, or the whole. Null if it is one too
  // many.
  Json* place(Json&& value) {
    if (++values_ > max_values_) {
      broken_ = fmt::format("more than {} values", max_values_);
      return nullptr;
    }
    if (open_.empty()) {
      root_ = std::move(value);
      return &root_;
    }
    if (open_.back()->is_object()) {
      *member_ = std::move(value);
      return member_;
    }
    auto& elements = open_.back()->get_ref<Json::array_t&>();
    return &elements.emplace_back(std::move(value));
  }

  template <typename T>
  bool add(T&& value) {
    return place(Json(std::forward<T>(value))) != nullptr;
  }

  bool open(Json::value_t kind) {
    if (open_.size() >= max_depth_) {
      broken_ = fmt::format("nested deeper than {} levels", max_depth_);
      return false;
    }
    // Nothing is added beside a value while it is open, so the pointers stay good.
    Json* const added = place(Json(kind));
    if (added == nullptr) return false;
    open_.push_back(added);
    return true;
  }

  bool close() {
    open_.pop_back();
    return true;
  }

  size_t max_depth_;
  size_t max_values_;
  size_t values_ = 0;
  Json root_;
  std::vector<Json*> open_;
  Json* member_ = nullptr;
  std::string broken_;
};

}  // namespace

Result<Json> parse_json(std::string_view text, const JsonLimits& limits) {
  if (text.size() > limits.max_bytes) {
    return make_error(ErrorKind::kInvalid, "JSON is larger than {} bytes", limits.max_bytes);
  }
  StrictBuilder builder(limits);
  const bool is_whole = Json::sax_parse(text.begin(), text.end(), &builder);
  if (!builder.broken().empty()) {
    return make_error(ErrorKind::kInvalid, "not acceptable JSON: {}", builder.broken());
  }
  if (!is_whole) return make_error(ErrorKind::kInvalid, "not valid JSON");
  return builder.take();
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
