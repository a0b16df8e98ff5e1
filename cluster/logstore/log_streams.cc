#include "cluster/logstore/log_streams.h"

#include <unistd.h>

#include <algorithm>

#include "image/digest.h"
#include "runtime/base/atomic_file.h"
#include "runtime/base/number.h"
#include "runtime/sys/file.h"

namespace ikada {
namespace {

constexpr size_t kNameDigits = 32;
constexpr size_t kMaxFactsBytes = size_t{16} << 10;
constexpr std::uint64_t kMaxAge = 100'000;

const char* file_name(const LogStreamFacts& facts) {
  return facts.is_of_clients() ? "events" : "log";
}

Json to_json(const LogStreamFacts& facts) {
  return {{"region", facts.region},
          {"group", facts.group},
          {"stream", facts.stream},
          {"task", facts.task},
          {"container", facts.container},
          {"createdAt", facts.created_ms}};
}

Result<LogStreamFacts> load_facts(const std::string& directory) {
  const std::string path = directory + "/stream.json";
  IK_LET(text, read_file(path, kMaxFactsBytes));
  IK_LET(json, parse_json(text).context("{}", path));
  LogStreamFacts facts;
  JsonReader reader(json, path);
  reader.require("region", facts.region);
  reader.require("group", facts.group);
  reader.require("stream", facts.stream);
  reader.read("task", facts.task);
  reader.read("container", facts.container);
  reader.require("createdAt", facts.created_ms);
  IK_TRY(reader.done());
  return facts;
}

void add_streams(const std::string& group, std::vector<StoredStream>& streams) {
  const Result<std::vector<std::string>> names = list_directory(group);
  if (!names.has_value()) return;
  for (const std::string& name : *names) {
    const std::string directory = fmt::format("{}/{}", group, name);
    Result<LogStreamFacts> facts = load_facts(directory);
    if (facts.has_value()) streams.push_back({std::move(*facts), directory});
  }
}

}  // namespace

std::string short_digest(std::string_view text, size_t digits) {
  return std::string(Digest::of(text).hex().substr(0, digits));
}

std::string log_store_directory(const EngineLayout& layout) { return layout.root + "/logs"; }

std::string log_group_directory(const EngineLayout& layout,
                                std::string_view region,
                                std::string_view group) {
  return fmt::format("{}/{}",
                     log_store_directory(layout),
                     short_digest(fmt::format("{}\n{}", region, group), kNameDigits));
}

Result<std::string> prepare_log_stream(const EngineLayout& layout, const LogStreamFacts& facts) {
  const std::string group = log_group_directory(layout, facts.region, facts.group);
  std::string directory =
      fmt::format("{}/{}",
                  group,
                  short_digest(fmt::format("{}\n{}", file_name(facts), facts.stream), kNameDigits));
  IK_TRY(make_directories(directory, 0700));
  const std::string path = directory + "/stream.json";
  if (::access(path.c_str(), F_OK) == 0) return directory;
  IK_TRY(write_file_atomically(path, to_json(facts).dump() + "\n", 0600));
  return directory;
}

std::vector<StoredStream> list_log_streams(const EngineLayout& layout,
                                           std::string_view region,
                                           std::string_view group) {
  std::vector<StoredStream> streams;
  add_streams(log_group_directory(layout, region, group), streams);
  return streams;
}

std::vector<StoredStream> list_all_log_streams(const EngineLayout& layout) {
  std::vector<StoredStream> streams;
  const std::string root = log_store_directory(layout);
  const Result<std::vector<std::string>> groups = list_directory(root);
  if (!groups.has_value()) return streams;
  for (const std::string& group : *groups) add_streams(fmt::format("{}/{}", root, group), streams);
  return streams;
}

// The link goes with the container.
bool is_log_live(const EngineLayout& layout, const LogStreamFacts& facts) {
  return !facts.is_of_clients() && ::access(layout.name_link(facts.container).c_str(), F_OK) == 0;
}

std::vector<StoredLogFile> list_log_files(const StoredStream& stream) {
  const std::string name = file_name(stream.facts);
  std::vector<StoredLogFile> files;
  const Result<std::vector<std::string>> names = list_directory(stream.directory);
  if (!names.has_value()) return files;
  for (const std::string& each : *names) {
    StoredLogFile file{.path = fmt::format("{}/{}", stream.directory, each), .age = 0};
    if (each != name) {
      if (!each.starts_with(name + ".")) continue;
      const Result<std::uint64_t> age = parse_unsigned(each.substr(name.size() + 1), kMaxAge);
      if (!age.has_value()) continue;
      file.age = static_cast<std::uint32_t>(*age);
    }
    files.push_back(std::move(file));
  }
  std::ranges::sort(files, [](const auto& a, const auto& b) { return a.age > b.age; });
  return files;
}

}  // namespace ikada
