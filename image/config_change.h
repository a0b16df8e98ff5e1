// Changes of an image's configuration as people write them: the --change of commit and import, in
// the words of a Dockerfile.
//
// Variables are not expanded. Source: docker-commit(1), docker-import(1); Dockerfile reference.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "image/config.h"
#include "runtime/base/result.h"

namespace ikada {

// "CMD [\"sh\"]", "ENV A=1 B='x y'", "EXPOSE 80/tcp", "ENTRYPOINT", "HEALTHCHECK", "LABEL",
// "ONBUILD", "SHELL", "STOPSIGNAL", "USER", "VOLUME", "WORKDIR", in this order. As in a Dockerfile
// an ENTRYPOINT takes away the base's CMD. kInvalid with the line.
Result<void> apply_config_changes(const std::vector<std::string>& lines, ImageConfig& config);

}  // namespace ikada
