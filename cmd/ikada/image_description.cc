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
  };
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
