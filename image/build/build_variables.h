// What ARG and --build-arg mean, and the arguments that every build has.
//
// Source: Dockerfile reference, "Predefined ARGs", "Automatic platform ARGs in the global scope".
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "image/dockerfile/dockerfile.h"
#include "image/dockerfile/word_expansion.h"
#include "image/platform.h"
#include "runtime/base/result.h"

namespace ikada {

class BuildVariables {
 public:
  // `given` are the --build-arg; `target` and `host` give TARGETPLATFORM, BUILDARCH and so on.
  BuildVariables(std::map<std::string, std::string> given,
                 const Platform& target,
                 const Platform& host);

  // Takes the ARG in front of the first FROM. kInvalid.
  Result<void> declare_global(const Instruction& arg, char escape);

  // For the words of FROM.
  std::optional<std::string> find_global(std::string_view name) const;

  // The value of `ARG name` in a stage: given, else the default, else the global one.
  std::optional<std::string> value_of(const std::string& name,
                                      const std::optional<std::string>& default_value) const;

  // HTTP_PROXY and its like as given: for every RUN, but neither in the history nor in cache keys.
  std::vector<std::string> proxies() const;

  // Those given that no ARG of the file asks for.
  std::vector<std::string> unused(const Dockerfile& file) const;

 private:
  std::map<std::string, std::string> given_;
  std::map<std::string, std::string> platform_;
  std::map<std::string, std::string> global_;
};

}  // namespace ikada
