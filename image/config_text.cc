#include "image/config.h"

namespace ikada {
namespace {

// Keeps the text free of what means nothing.
template <typename T>
void put(Json& object, const char* key, const T& value) {
  if (value.empty()) {
    object.erase(key);
  } else {
    object[key] = value;
  }
}

void put_number(Json& object, const char* key, std::int64_t value) {
  if (value != 0) object[key] = value;
}

// {"80/tcp": {}}
void put_set(Json& object, const char* key, const std::vector<std::string>& names) {
  Json set = Json::object();
  for (const std::string& name : names) set[name] = Json::object();
  put(object, key, set);
}

Json healthcheck_json(const ImageHealthcheck& check) {
  Json json = Json::object();
  put(json, "Test", check.test);
  put_number(json, "Interval", check.interval_ns);
  put_number(json, "Timeout", check.timeout_ns);
  put_number(json, "StartPeriod", check.start_period_ns);
  put_number(json, "StartInterval", check.start_interval_ns);
  put_number(json, "Retries", check.retries);
  return json;
}

Json history_json(const std::vector<ImageHistory>& history) {
  Json steps = Json::array();
  for (const ImageHistory& step : history) {
    Json json = Json::object();
    put(json, "created", step.created);
    put(json, "created_by", step.created_by);
    put(json, "author", step.author);
    put(json, "comment", step.comment);
    if (step.empty_layer) json["empty_layer"] = true;
    steps.push_back(std::move(json));
  }
  return steps;
}

Json object_or_empty(const Json& parent, const char* key) {
  const auto found = parent.find(key);
  return found != parent.end() && found->is_object() ? *found : Json::object();
}

}  // namespace

std::string format_image_config(const ImageConfig& config) {
  Json json = config.source.is_object() ? config.source : Json::object();
  json["architecture"] = config.architecture;
  json["os"] = config.os;
  put(json, "variant", config.variant);
  put(json, "created", config.created);
  put(json, "author", config.author);
  put(json, "history", history_json(config.history));
  json["rootfs"] = {{"type", "layers"}, {"diff_ids", config.diff_ids}};
  Json process = object_or_empty(json, "config");
  put(process, "Env", config.env);
  put(process, "Entrypoint", config.entrypoint);
  put(process, "Cmd", config.cmd);
  put(process, "WorkingDir", config.working_dir);
  put(process, "User", config.user);
  put(process, "StopSignal", config.stop_signal);
  put(process, "Labels", config.labels);
  put_set(process, "ExposedPorts", config.exposed_ports);
  put_set(process, "Volumes", config.volumes);
  put(process, "OnBuild", config.on_build);
  put(process, "Shell", config.shell);
  if (config.healthcheck.has_value()) {
    process["Healthcheck"] = healthcheck_json(*config.healthcheck);
  } else {
    process.erase("Healthcheck");
  }
  json["config"] = std::move(process);
  // A name of another character set must not make the configuration impossible.
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace ikada
