// One description of a struct's fields that serves both ways, into JSON and out of it.
//
//   void describe(JsonFields& fields, Tag& tag) {
//     fields.field("key", tag.key);
//     fields.field("value", tag.value);
//   }
//   Json json = to_json(tag);
//   IK_LET(again, from_json<Tag>(json, "tag"));
//   std::string text = to_text(tag);    // The same as json.dump(), without a tree in between.
//
// A plain field is always written; one that is absent or null on reading keeps its default. An
// std::optional field is written when it has a value: absent means absent, and an empty list that
// was given stays an empty list. Members that are not described are ignored, as AWS does.
// Describing never changes a value that is written, and names no member twice.
#pragma once

#include <concepts>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "cluster/model/timestamp.h"
#include "runtime/base/json.h"

namespace ikada {

class JsonFields {
 public:
  // Writes into `object`, which outlives this.
  explicit JsonFields(Json& object) : target_(&object) {}
  // Appends to `text`, which ends with what stands before the first member: "{".
  explicit JsonFields(std::string& text) : text_(&text) {}
  // Reads from `reader`, which keeps the first mistake.
  explicit JsonFields(JsonReader reader) : reader_(std::move(reader)) {}

  bool is_reading() const { return reader_.has_value(); }

  void field(const char* key, bool& value);
  void field(const char* key, std::int32_t& value);
  void field(const char* key, std::int64_t& value);
  void field(const char* key, double& value);
  void field(const char* key, std::string& value);
  void field(const char* key, Timestamp& value);
  void field(const char* key, std::vector<std::string>& value);
  void field(const char* key, std::vector<std::int32_t>& value);
  void field(const char* key, std::map<std::string, std::string>& value);

  // A struct that has a describe() of its own.
  template <typename T>
  requires requires(JsonFields& fields, T& value) { describe(fields, value); }
  void field(const char* key, T& value) {
    if (is_reading()) {
      JsonFields inner(reader_->object(key));
      describe(inner, value);
    } else if (text_ != nullptr) {
      begin(key);
      append_object(value);
    } else {
      JsonFields inner((*target_)[key] = Json::object());
      describe(inner, value);
    }
  }

  template <typename T>
  requires requires(JsonFields& fields, T& value) { describe(fields, value); }
  void field(const char* key, std::vector<T>& values) {
    if (is_reading()) {
      for (JsonReader& each : reader_->objects(key)) {
        JsonFields inner(std::move(each));
        describe(inner, values.emplace_back());
      }
      return;
    }
    if (text_ != nullptr) {
      begin(key);
      *text_ += '[';
      for (T& each : values) {
        if (text_->back() != '[') *text_ += ',';
        append_object(each);
      }
      *text_ += ']';
      return;
    }
    Json& array = (*target_)[key] = Json::array();
    for (T& each : values) {
      Json& object = array.emplace_back(Json::object());
      JsonFields inner(object);
      describe(inner, each);
    }
  }

  template <typename T>
  void field(const char* key, std::optional<T>& value) {
    if (is_reading() && reader_->has(key)) value.emplace();
    if (value.has_value()) field(key, *value);
  }

  // A member without which the object means nothing; reading reports it when it is missing.
  template <typename T>
  void required(const char* key, T& value) {
    if (is_reading() && !reader_->has(key)) reader_->fail(key, kMissing);
    field(key, value);
  }

 private:
  static constexpr const char* kMissing = "missing";
  friend bool is_missing_member(const Error& error);

  template <typename T>
  void plain(const char* key, T& value);

  void begin(const char* key);  // Of a member in the text.

  template <typename T>
  void append_object(T& value) {
    *text_ += '{';
    JsonFields inner(*text_);
    describe(inner, value);
    *text_ += '}';
  }

  Json* target_ = nullptr;
  std::string* text_ = nullptr;
  std::optional<JsonReader> reader_;
};

// Whether the error of from_json() says that a required member is not there, and not that a member
// has the wrong type.
bool is_missing_member(const Error& error);

template <typename T>
Json to_json(const T& value) {
  Json json = Json::object();
  JsonFields fields(json);
  // A description that writes only looks at the value.
  describe(fields, const_cast<T&>(value));
  return json;
}

// to_json(value).dump(), but with the members in the order of the description.
template <typename T>
std::string to_text(const T& value) {
  std::string text = "{";
  JsonFields fields(text);
  describe(fields, const_cast<T&>(value));
  text += '}';
  return text;
}

// kInvalid for a member of the wrong type; `name` stands in front of the message.
template <typename T>
Result<T> from_json(const Json& json, std::string_view name) {
  JsonReader reader(json, name);
  JsonFields fields(reader);
  T value;
  describe(fields, value);
  IK_TRY(reader.done());
  return value;
}

}  // namespace ikada
