#include "cmd/ikada/image_description.h"

namespace ikada {
namespace {

Json list_or_null(const std::vector<std::string>& values) {
  return values.empty() ? Json() : Json(values);
}

Json set_or_null(const std::vector<std::string>& values) {
  Json set;
  for (const std::string& each : values) set[each] = Json::object();
  return set;
}

Json familiar_names(const std::vector<std::string>& references) {
  Json names = Json::array();
  for (const std::string& each : references) {
    const Result<Reference> reference = parse_reference(each);
    names.push_back(reference.has_value() ? reference->familiar() : each);
  }
  return names;
}

Json familiar_digests(const std::vector<std::string>& references) {
  Json names = Json::array();
  for (const std::string& each : references) {
    const Result<Reference> reference = parse_reference(each);
    names.push_back(reference.has_value()
                        ? fmt::format("{}@{}", reference->familiar_name(), reference->digest)
                        : each);
  }
  return names;
}

// With Docker's names; what is not set is left out, as there.
Json describe_healthcheck(const ImageHealthcheck& check) {
  Json described = Json::object();
  if (!check.test.empty()) described["Test"] = check.test;
  const auto add = [&](const char* key, std::int64_t value) {
    if (value != 0) described[key] = value;
  };
  add("Interval", check.interval_ns);
  add("Timeout", check.timeout_ns);
  add("StartPeriod", check.start_period_ns);
  add("StartInterval", check.start_interval_ns);
  add("Retries", check.retries);
  return described;
}

}  // namespace

Json describe_image(const StoredImage& image, const ImageConfig& config) {
  Json run_config = {
      {"User", config.user},
      {"Env", list_or_null(config.env)},
      {"Cmd", list_or_null(config.cmd)},
      {"Entrypoint", list_or_null(config.entrypoint)},
      {"WorkingDir", config.working_dir},
      {"Labels", config.labels.empty() ? Json() : Json(config.labels)},
      {"Volumes", set_or_null(config.volumes)},
      {"OnBuild", list_or_null(config.on_build)},
  };
  if (config.healthcheck.has_value()) {
    run_config["Healthcheck"] = describe_healthcheck(*config.healthcheck);
  }
  if (!config.shell.empty()) run_config["Shell"] = config.shell;
  if (!config.exposed_ports.empty()) run_config["ExposedPorts"] = set_or_null(config.exposed_ports);
  if (!config.stop_signal.empty()) run_config["StopSignal"] = config.stop_signal;
  Json description = {
      {"Id", image.id},
      {"RepoTags", familiar_names(image.references)},
      {"RepoDigests", familiar_digests(image.repo_digests)},
      {"Created", config.created},
      {"Author", config.author},
      {"Architecture", config.architecture},
      {"Os", config.os},
      {"Size", image.size_bytes},
      {"Config", std::move(run_config)},
      {"RootFS", {{"Type", "layers"}, {"Layers", config.diff_ids}}},
      {"GraphDriver", {{"Name", "overlayfs"}, {"Data", Json()}}},
  };
  if (!config.variant.empty()) description["Variant"] = config.variant;
  return description;
}

}  // namespace ikada
