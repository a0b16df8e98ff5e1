// From an instruction to what has to be done for it: the stage's settings changed, and perhaps one
// step that makes a layer. Pure.
//
// Variables are expanded here, with the stage's ENV before its ARGs, as they stand before the
// instruction.
//
// Source: Dockerfile reference; OCI image-spec 1.1, config.md.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "image/build/build_variables.h"
#include "image/build/mode_change.h"
#include "image/config.h"
#include "image/dockerfile/dockerfile.h"
#include "runtime/base/result.h"

namespace ikada {

// Of images whose base says nothing, and of their RUN.
inline constexpr const char* kDefaultPath =
    "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

// What the instructions so far have made of the base image's configuration.
struct StageSettings {
  ImageConfig config = {};
  bool cmd_was_set = false;  // By this stage: then ENTRYPOINT leaves it alone.
  std::vector<std::pair<std::string, std::string>> arguments = {};  // ARGs declared so far.

  // ENV before ARG.
  std::optional<std::string> find_variable(std::string_view name) const;
};

struct RunStep {
  std::vector<std::string> arguments;
  std::vector<std::string> environment;
  std::string working_dir = "/";
  std::string user;
  std::string network;
  std::vector<RunMount> mounts;
  // A here-document that names its own interpreter, to be put at /dev/pipes/NAME.
  std::string script_name = {};
  std::string script = {};
};

struct InlineFile {
  std::string name;
  std::string content;
};

struct CopyStep {
  bool is_add = false;
  bool link = false;
  bool parents = false;
  std::optional<bool> unpack = {};
  std::string from = {};
  std::vector<std::string> sources = {};  // Paths and patterns; for ADD also URLs.
  std::vector<InlineFile> files = {};     // Here-documents.
  std::string destination = {};           // Absolute; with '/' at the end it is to be a directory.
  std::string chown = {};
  std::optional<ModeChange> chmod = {};
  std::string checksum = {};
  std::vector<std::string> exclude = {};
};

struct MakeDirectoryStep {
  std::string path;
  std::string user;
};

using StepAction = std::variant<std::monostate, RunStep, CopyStep, MakeDirectoryStep>;

struct PlannedStep {
  int line = 0;
  std::string keyword;
  std::string text;        // As people see it.
  std::string created_by;  // As the image's history says it.
  StepAction action;       // std::monostate: the settings alone.
};

// Changes `settings`. kInvalid, without file and line.
Result<PlannedStep> plan_step(const Instruction& instruction,
                              const BuildVariables& variables,
                              char escape,
                              StageSettings& settings);

// All that decides what a step makes of its parent and its files, as one text: a cache key's part.
std::string describe_action(const StepAction& action);

// The absolute path that WORKDIR or a destination means: "a/../b" in "/w" is "/w/b". A '/' at the
// end stays, and "." and ".." at the end become one.
std::string resolve_path(const std::string& working_dir, std::string_view path);

}  // namespace ikada
