// JSON access: strict parsing of text that others wrote, and reading typed fields with one error at
// the end.
//
//   JsonReader config(json, "config.json");
//   std::vector<std::string> args;
//   config.object("process").require("args", args);
//   IK_TRY(config.done());    // "config.json: process.args: expected an array of strings"
//
// A field that is absent or null leaves the variable as it was. The first mistake is kept, later
// reads do nothing. Integers must be written as integers and fit the type. A JsonReader does not
// own the JSON.
//
// Source: RFC 8259; duplicate keys are refused because two readers of one text must not see two
// meanings.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

#include "runtime/base/result.h"

// Compiled once, in json.cc: every source that uses it would compile it anew.
extern template class nlohmann::basic_json<>;

namespace ikada {

using Json = nlohmann::json;

struct JsonLimits {
  size_t max_bytes = size_t{4} << 20;
  int max_depth = 64;
};

// kInvalid for text that is not one JSON value, repeats a key, or passes a limit.
Result<Json> parse_json(std::string_view text, const JsonLimits& limits = {});

class JsonReader {
 public:
  // `name` stands in front of every message.
  JsonReader(const Json& json, std::string_view name);

  // Reads `key` if it is there and not null.
  void read(std::string_view key, bool& out);
  void read(std::string_view key, std::int32_t& out);
  void read(std::string_view key, std::uint32_t& out);
  void read(std::string_view key, std::int64_t& out);
  void read(std::string_view key, std::uint64_t& out);
  void read(std::string_view key, double& out);
  void read(std::string_view key, std::string& out);
  void read(std::string_view key, std::vector<std::string>& out);
  void read(std::string_view key, std::map<std::string, std::string>& out);
  template <typename T>
  void read(std::string_view key, std::optional<T>& out) {
    if (find(key) == nullptr) return;
    T value{};
    read(key, value);
    out = std::move(value);
  }

  // The same, but an absent key is a mistake.
  template <typename T>
  void require(std::string_view key, T& out) {
    if (find(key) == nullptr) fail(key, "missing");
    read(key, out);
  }

  // The object under `key`; a reader of nothing if it is absent. It shares this reader's error.
  JsonReader object(std::string_view key);

  // One reader for each object of the array under `key`; empty if it is absent.
  std::vector<JsonReader> objects(std::string_view key);

  bool has(std::string_view key) const { return find(key) != nullptr; }

  // The value under `key`, or null if it is absent or JSON null.
  const Json* find(std::string_view key) const;

  // Records a mistake of the caller's own finding: fail("type", "unknown namespace: foo").
  void fail(std::string_view key, std::string_view what);

  // The first mistake of this reader and of all that came from it.
  Result<void> done() const;

 private:
  struct State;
  JsonReader(const Json* json, std::string path, std::shared_ptr<State> state);

  const Json* json_;  // Null or an object.
  std::string path_;
  std::shared_ptr<State> state_;
};

}  // namespace ikada
