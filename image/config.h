// The parts of an OCI image configuration that decide how its containers run, as plain data.
//
// Source: OCI image-spec 1.1, config.md; Docker's additions (Healthcheck, Shell, OnBuild are read
// by others).
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "runtime/base/json.h"
#include "runtime/base/result.h"

namespace ikada {

struct ImageConfig {
  std::string architecture;  // "amd64"
  std::string os;            // "linux"
  std::string variant;
  std::string created;  // RFC 3339 or empty.
  std::string author;
  std::vector<std::string> env;
  std::vector<std::string> entrypoint;
  std::vector<std::string> cmd;
  std::string working_dir;
  std::string user;
  std::string stop_signal;
  std::map<std::string, std::string> labels;
  std::vector<std::string> exposed_ports;  // "80/tcp"
  std::vector<std::string> volumes;
  std::vector<std::string> diff_ids;  // Lowest layer first.
  Json history = Json::array();
};

// kInvalid with code CONFIG_INVALID.
Result<ImageConfig> parse_image_config(std::string_view text);

}  // namespace ikada
