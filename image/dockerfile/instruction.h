// The instructions of a Dockerfile as typed values, as written: variables are still in the words,
// because what they mean depends on the stage (image/build/stage_plan.h).
//
// Source: Dockerfile reference.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "image/dockerfile/logical_line.h"
#include "runtime/base/result.h"

namespace ikada {

// NAME=VALUE as written, with quotes.
using RawAssignments = std::vector<std::pair<std::string, std::string>>;

struct FromInstruction {
  std::string image;
  std::string platform = {};
  std::string name = {};  // AS name, lower case; empty: none.
};

// A command line: for a shell, or a list of arguments.
struct CommandLine {
  bool is_shell = true;
  std::vector<std::string> arguments = {};  // One for a shell.
};

struct RunMount {
  enum class Type { kBind, kCache, kTmpfs, kSecret, kSsh };
  Type type = Type::kBind;
  std::string target = {};
  std::string source = {};
  std::string from = {};
  std::string id = {};
  std::string sharing = "shared";  // "shared", "private", "locked".
  std::string environment = {};    // A secret as this variable.
  std::optional<bool> read_only = {};
  bool required = false;
  std::optional<std::uint32_t> mode = {};
  std::uint32_t uid = 0;
  std::uint32_t gid = 0;
  std::uint64_t size_bytes = 0;  // tmpfs; 0: no limit.
};

struct RunInstruction {
  CommandLine command;
  std::vector<std::string> mounts = {};  // As written; parse_run_mount() after expansion.
  std::string network = "default";       // "default", "none", "host".
};

struct CopyInstruction {
  bool is_add = false;
  std::vector<std::string> sources;  // Here-documents as "<<NAME".
  std::string destination;
  std::string from = {};
  std::string chown = {};
  std::string chmod = {};
  std::string checksum = {};
  std::vector<std::string> exclude = {};
  bool link = false;
  bool parents = false;
  std::optional<bool> unpack = {};  // ADD --unpack.
};

struct EnvInstruction {
  RawAssignments variables;
};
struct LabelInstruction {
  RawAssignments labels;
};
struct ArgInstruction {
  std::vector<std::pair<std::string, std::optional<std::string>>> arguments;
};
struct WorkdirInstruction {
  std::string path;
};
struct UserInstruction {
  std::string user;
};
struct ExposeInstruction {
  std::string ports;  // Words, still to be split.
};
struct VolumeInstruction {
  std::vector<std::string> paths;
};
struct EntrypointInstruction {
  CommandLine command;
};
struct CmdInstruction {
  CommandLine command;
};
struct ShellInstruction {
  std::vector<std::string> shell;
};
struct StopSignalInstruction {
  std::string signal;
};
struct HealthcheckInstruction {
  bool none = false;
  CommandLine command = {};
  std::int64_t interval_ns = 0;
  std::int64_t timeout_ns = 0;
  std::int64_t start_period_ns = 0;
  std::int64_t start_interval_ns = 0;
  int retries = 0;
};
struct OnbuildInstruction {
  std::string trigger;  // The whole instruction, here-documents included.
};
struct MaintainerInstruction {
  std::string name;
};

using InstructionBody = std::variant<FromInstruction,
                                     RunInstruction,
                                     CopyInstruction,
                                     EnvInstruction,
                                     LabelInstruction,
                                     ArgInstruction,
                                     WorkdirInstruction,
                                     UserInstruction,
                                     ExposeInstruction,
                                     VolumeInstruction,
                                     EntrypointInstruction,
                                     CmdInstruction,
                                     ShellInstruction,
                                     StopSignalInstruction,
                                     HealthcheckInstruction,
                                     OnbuildInstruction,
                                     MaintainerInstruction>;

struct Instruction {
  int line = 0;
  std::string keyword;            // "RUN"
  std::string text;               // On one line, for people and the image's history.
  std::vector<Heredoc> heredocs;  // In the order in which they are announced.
  InstructionBody body;
};

// kInvalid with "LINE: KEYWORD: what is wrong".
Result<Instruction> parse_instruction(const LogicalLine& line, char escape);

// One --mount of RUN after expansion of its variables. kInvalid.
Result<RunMount> parse_run_mount(std::string_view text);

// "1h30m", "1.5s", "100ms" in nanoseconds. kInvalid otherwise.
Result<std::int64_t> parse_go_duration(std::string_view text);

}  // namespace ikada
