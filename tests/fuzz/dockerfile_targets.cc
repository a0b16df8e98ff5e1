// Targets that read what a build is given: Dockerfiles and lists of ignored files.
#include <string>

#include "image/dockerfile/dockerfile.h"
#include "image/dockerfile/ignore_patterns.h"
#include "image/dockerfile/instruction.h"
#include "runtime/base/text.h"
#include "tests/fuzz/targets.h"

namespace ikada {

void fuzz_dockerfile(std::string_view bytes) {
  const Result<Dockerfile> parsed = parse_dockerfile(bytes, "Dockerfile");
  if (parsed.has_value()) return;
  promise(parsed.error().message.starts_with("Dockerfile"), "an error names the file");
}

void fuzz_run_mount(std::string_view bytes) {
  const Result<RunMount> mount = parse_run_mount(bytes);
  if (!mount.has_value()) return;
  promise(
      mount->type == RunMount::Type::kSsh || !mount->target.empty() || !mount->environment.empty(),
      "a mount has a place");
}

// The first line is a path, the rest a .dockerignore.
void fuzz_ignore_patterns(std::string_view bytes) {
  const Cut parts = cut(bytes, '\n');
  const Result<IgnorePatterns> patterns = IgnorePatterns::parse(parts.after);
  if (!patterns.has_value()) return;
  const bool below = patterns->ignores_all_below(parts.before);
  if (patterns->empty()) promise(!patterns->ignores(parts.before), "no pattern ignores nothing");
  static_cast<void>(below);
}

}  // namespace ikada
