#include "runtime/spec/reading.h"

namespace ikada {
namespace {

bool has_nul(const std::string& text) { return text.find('\0') != std::string::npos; }

constexpr std::string_view kNul = "holds a NUL byte";
constexpr std::string_view kRelative = "expected an absolute path";

}  // namespace

void read_text(JsonReader& reader, std::string_view key, std::string& out) {
  reader.read(key, out);
  if (has_nul(out)) reader.fail(key, kNul);
}

void read_texts(JsonReader& reader, std::string_view key, std::vector<std::string>& out) {
  reader.read(key, out);
  for (const std::string& each : out) {
    if (has_nul(each)) reader.fail(key, kNul);
  }
}

void read_texts(JsonReader& reader, std::string_view key, std::map<std::string, std::string>& out) {
  reader.read(key, out);
  for (const auto& [name, value] : out) {
    if (has_nul(name) || has_nul(value)) reader.fail(key, kNul);
  }
}

void read_absolute_path(JsonReader& reader, std::string_view key, std::string& out) {
  read_text(reader, key, out);
  if (reader.has(key) && !out.starts_with('/')) reader.fail(key, kRelative);
}

void read_absolute_paths(JsonReader& reader, std::string_view key, std::vector<std::string>& out) {
  read_texts(reader, key, out);
  for (const std::string& each : out) {
    if (!each.starts_with('/')) reader.fail(key, kRelative);
  }
}

}  // namespace ikada
