// What `ikada service create`, `update`, `scale` and `deploy` have in common.
#pragma once

#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "cmd/ikada/service_choice.h"

namespace ikada {

struct ServiceOptions {
  ServiceChoice service = {};
  std::string definition = {};
  std::string file = {};
  int count = -1;            // -1: as it is.
  int minimum_healthy = -1;  // Percent; -1: as it is.
  int maximum = -1;          // Likewise.
  int grace_s = -1;
  std::vector<std::string> balancers = {};  // "GROUP:CONTAINER:PORT".
  bool daemon = false;                      // For create.
  bool breaker = false;
  bool rollback = false;
  bool force = false;
  bool wait = false;
};

// A check of CLI11's: an empty text, of a variable that is not set, is no name.
std::string not_empty(const std::string& text);

// The options of CreateService and UpdateService; the names are added by the command.
void add_service_options(CLI::App& command, ServiceOptions& options);

// Their input: the file's, with what the options say in its place.
Result<Json> service_input(const ServiceOptions& options);

// Asks for UpdateService, or waits besides, and prints the service's name.
Result<void> update_service(const ApiClient& api, const ServiceOptions& options, Json input);

}  // namespace ikada
