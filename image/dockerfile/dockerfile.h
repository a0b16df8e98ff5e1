// A whole Dockerfile: what stands before the first FROM, and its stages.
//
// Source: Dockerfile reference.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "image/dockerfile/instruction.h"
#include "runtime/base/result.h"

namespace ikada {

struct DockerfileStage {
  FromInstruction from;
  int line = 0;
  std::string text;                       // "FROM debian AS base"
  std::vector<Instruction> instructions;  // Behind FROM.
};

struct Dockerfile {
  std::string name;  // For messages: "Dockerfile".
  char escape = '\\';
  std::vector<Instruction> arguments;  // ARG before the first FROM.
  std::vector<DockerfileStage> stages;
};

// kInvalid with "NAME:LINE: KEYWORD: what is wrong".
Result<Dockerfile> parse_dockerfile(std::string_view text, const std::string& name);

}  // namespace ikada
