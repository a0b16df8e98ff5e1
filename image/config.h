// An OCI image configuration as plain data, to be read, changed and written again.
//
// What is not named here stays as it was in the text that was parsed.
//
// Source: OCI image-spec 1.1, config.md; Docker's additions: Healthcheck, Shell, OnBuild.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/base/json.h"
#include "runtime/base/result.h"

namespace ikada {

struct ImageHealthcheck {
  // {"NONE"}, {"CMD", words…}, {"CMD-SHELL", text}; empty inherits the test.
  std::vector<std::string> test;
  // Nanoseconds; 0 is Docker's default.
  std::int64_t interval_ns = 0;
  std::int64_t timeout_ns = 0;
  std::int64_t start_period_ns = 0;
  std::int64_t start_interval_ns = 0;
  std::int64_t retries = 0;
};

struct ImageHistory {
  std::string created = {};  // RFC 3339 or empty.
  std::string created_by = {};
  std::string author = {};
  std::string comment = {};
  bool empty_layer = false;  // The step made no layer.
};

struct ImageConfig {
  std::string architecture = {};  // "amd64"
  std::string os = {};            // "linux"
  std::string variant = {};
  std::string created = {};  // RFC 3339 or empty.
  std::string author = {};
  std::vector<std::string> env = {};
  std::vector<std::string> entrypoint = {};
  std::vector<std::string> cmd = {};
  std::string working_dir = {};
  std::string user = {};
  std::string stop_signal = {};
  std::map<std::string, std::string> labels = {};
  std::vector<std::string> exposed_ports = {};  // "80/tcp"
  std::vector<std::string> volumes = {};
  std::vector<std::string> diff_ids = {};  // Lowest layer first.
  std::vector<ImageHistory> history = {};
  std::optional<ImageHealthcheck> healthcheck = {};
  std::vector<std::string> on_build = {};
  std::vector<std::string> shell = {};
  Json source = Json::object();  // The whole text as it was parsed.
};

// kInvalid with code CONFIG_INVALID.
Result<ImageConfig> parse_image_config(std::string_view text);

// The configuration's text; equal configurations have equal texts.
std::string format_image_config(const ImageConfig& config);

}  // namespace ikada
