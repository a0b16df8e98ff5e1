#include "image/config.h"

#include <algorithm>
#include <array>

#include "image/digest.h"
#include "image/key_case.h"

namespace ikada {
namespace {

constexpr size_t kMaxEnvBytes = size_t{1} << 20;
constexpr size_t kMaxEnvEntries = 10'000;
constexpr size_t kMaxLayers = 1000;
constexpr size_t kMaxWordBytes = 4096;
constexpr size_t kMaxSetEntries = 1000;  // Of volumes, and of ports.

constexpr std::array<std::string_view, 7> kConfigFields = {
    "architecture", "os", "variant", "created", "config", "rootfs", "history"};
constexpr std::array<std::string_view, 9> kProcessFields = {"Env",
                                                            "Entrypoint",
                                                            "Cmd",
                                                            "WorkingDir",
                                                            "User",
                                                            "StopSignal",
                                                            "Labels",
                                                            "ExposedPorts",
                                                            "Volumes"};

Error invalid_config(std::string_view why) {
  Error error = make_error(ErrorKind::kInvalid, "image config: {}", why);
  error.code = "CONFIG_INVALID";
  return error;
}

bool has_nul(const std::string& text) { return text.find('\0') != std::string::npos; }

// A text that goes into files of lines and onto terminals.
bool is_plain_word(const std::string& word) {
  return word.size() <= kMaxWordBytes && std::ranges::none_of(word, [](char c) {
           const auto byte = static_cast<unsigned char>(c);
           return byte < ' ' || byte == 0x7F;
         });
}

Result<void> check_env(const std::vector<std::string>& env) {
  if (env.size() > kMaxEnvEntries) return invalid_config("Env has too many entries");
  size_t bytes = 0;
  for (const std::string& entry : env) {
    bytes += entry.size();
    if (has_nul(entry)) return invalid_config("Env holds a NUL");
    const size_t equals = entry.find('=');
    if (equals == 0 || equals == std::string::npos) {
      return invalid_config(
          fmt::format("Env: expected NAME=VALUE, not '{}'", entry.substr(0, 100)));
    }
  }
  if (bytes > kMaxEnvBytes) return invalid_config("Env is larger than 1 MiB");
  return {};
}

Result<void> check_words(const ImageConfig& config) {
  for (const std::vector<std::string>* words : {&config.entrypoint, &config.cmd}) {
    if (std::ranges::any_of(*words, has_nul)) return invalid_config("a command holds a NUL");
  }
  for (const std::string* word :
       {&config.user, &config.working_dir, &config.stop_signal, &config.architecture, &config.os}) {
    if (!is_plain_word(*word)) {
      return invalid_config("User, WorkingDir, StopSignal, os or architecture is no single line");
    }
  }
  for (const std::vector<std::string>* names : {&config.volumes, &config.exposed_ports}) {
    if (names->size() > kMaxSetEntries) return invalid_config("too many Volumes or ExposedPorts");
    if (!std::ranges::all_of(*names, is_plain_word)) {
      return invalid_config("Volumes or ExposedPorts: a name is no single line");
    }
  }
  return {};
}

Result<void> check_config_keys(const Json& config) {
  static constexpr std::array<std::string_view, 2> kRootfsFields = {"type", "diff_ids"};
  Result<void> checked = check_key_case(config, kConfigFields);
  const auto check = [&](const char* key, std::span<const std::string_view> fields) {
    if (checked.has_value() && config.contains(key)) {
      checked = check_key_case(config.at(key), fields);
    }
  };
  check("config", kProcessFields);
  check("rootfs", kRootfsFields);
  return checked.has_value() ? checked : invalid_config(checked.error().message);
}

// The keys of an object whose values mean nothing: {"80/tcp": {}}.
std::vector<std::string> read_set(JsonReader& reader, std::string_view key) {
  std::vector<std::string> names;
  const Json* value = reader.find(key);
  if (value == nullptr) return names;
  if (!value->is_object()) {
    reader.fail(key, "expected an object");
    return names;
  }
  for (const auto& item : value->items()) names.push_back(item.key());
  return names;
}

void read_rootfs(JsonReader rootfs, ImageConfig& config) {
  std::string type = "layers";
  rootfs.read("type", type);
  rootfs.read("diff_ids", config.diff_ids);
  if (type != "layers") rootfs.fail("type", "expected \"layers\"");
}

ImageHealthcheck read_healthcheck(JsonReader reader) {
  ImageHealthcheck check;
  reader.read("Test", check.test);
  reader.read("Interval", check.interval_ns);
  reader.read("Timeout", check.timeout_ns);
  reader.read("StartPeriod", check.start_period_ns);
  reader.read("StartInterval", check.start_interval_ns);
  reader.read("Retries", check.retries);
  return check;
}

void read_history(JsonReader& reader, ImageConfig& config) {
  for (JsonReader& item : reader.objects("history")) {
    ImageHistory step;
    item.read("created", step.created);
    item.read("created_by", step.created_by);
    item.read("author", step.author);
    item.read("comment", step.comment);
    item.read("empty_layer", step.empty_layer);
    config.history.push_back(std::move(step));
  }
}

void read_process(JsonReader process, ImageConfig& config) {
  process.read("Env", config.env);
  process.read("Entrypoint", config.entrypoint);
  process.read("Cmd", config.cmd);
  process.read("WorkingDir", config.working_dir);
  process.read("User", config.user);
  process.read("StopSignal", config.stop_signal);
  process.read("Labels", config.labels);
  config.exposed_ports = read_set(process, "ExposedPorts");
  config.volumes = read_set(process, "Volumes");
  process.read("OnBuild", config.on_build);
  process.read("Shell", config.shell);
  if (process.has("Healthcheck")) {
    config.healthcheck = read_healthcheck(process.object("Healthcheck"));
  }
}

}  // namespace

Result<ImageConfig> parse_image_config(std::string_view text) {
  const Result<Json> json = parse_json(text);
  if (!json.has_value()) return invalid_config(json.error().message);
  if (!json->is_object()) return invalid_config("expected an object");
  IK_TRY(check_config_keys(*json));
  ImageConfig config;
  JsonReader reader(*json, "content");
  reader.require("architecture", config.architecture);
  reader.require("os", config.os);
  reader.read("variant", config.variant);
  reader.read("created", config.created);
  reader.read("author", config.author);
  read_history(reader, config);
  if (!reader.has("rootfs")) reader.fail("rootfs", "missing");
  read_rootfs(reader.object("rootfs"), config);
  read_process(reader.object("config"), config);
  const Result<void> read = reader.done();
  if (!read.has_value()) return invalid_config(read.error().message);

  if (config.diff_ids.size() > kMaxLayers) return invalid_config("too many layers");
  for (const std::string& diff_id : config.diff_ids) {
    const Result<Digest> digest = Digest::parse(diff_id);
    if (!digest.has_value()) return invalid_config("rootfs.diff_ids: " + digest.error().message);
  }
  IK_TRY(check_env(config.env));
  IK_TRY(check_words(config));
  config.source = *json;
  return config;
}

}  // namespace ikada
