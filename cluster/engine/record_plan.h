// A wish and an image become a record: the image's defaults filled in, everything checked that can
// be checked without touching the host. Pure.
//
// Source: OCI image-spec 1.1, conversion.md; docker-run(1).
#pragma once

#include <string>

#include "cluster/engine/container_record.h"
#include "image/config.h"
#include "runtime/base/result.h"

namespace ikada {

struct RecordInputs {
  std::string id = {};
  UnixNanos created = 0;
  std::string image_id = {};
  std::string image_name = {};  // As `ps` shows it.
};

// kInvalid for a relative destination, a port that is none, an unknown signal, no command …
Result<ContainerRecord> plan_record(const ContainerSpec& spec,
                                    const ImageConfig& image,
                                    const RecordInputs& inputs);

// "SIGTERM", "TERM", "15", "SIGRTMIN+3". kInvalid in docker's words otherwise.
Result<int> parse_signal(std::string_view text);

// The container's own stop signal.
int stop_signal(const ContainerRecord& record);

// "80/tcp", "53/udp", "80"; kInvalid otherwise.
struct ExposedPort {
  std::uint16_t port = 0;
  std::string protocol = "tcp";
};
Result<ExposedPort> parse_exposed_port(std::string_view text);

}  // namespace ikada
