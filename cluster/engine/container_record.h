// What is known of a container from its creation to its removal: ROOT/containers/ID/record.json.
//
// Written before anything that outlives the process is made. Later only a rename and an update of
// the limits change it (record_change.h). Running, exited, the address: these are looked up where
// they happen, see live_status.h.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "cluster/engine/container_spec.h"
#include "cluster/engine/layout.h"
#include "runtime/base/clock.h"
#include "runtime/base/result.h"

namespace ikada {

struct ContainerRecord {
  std::string id = {};  // 64 hexadecimal digits.
  std::string name = {};
  UnixNanos created = 0;
  std::string image = {};     // As written, familiar form.
  std::string image_id = {};  // "sha256:…"
  // The wish with the image's defaults filled in: env, user, working_dir, labels, stop_signal,
  // mounts with the volumes' names.
  ContainerSpec spec = {};
  std::vector<std::string> args = {};              // ENTRYPOINT and CMD merged: what runs.
  std::vector<std::string> image_entrypoint = {};  // How args came about, for inspect.
  std::vector<std::string> image_cmd = {};
  std::vector<std::string> exposed = {};            // "80/tcp", image's and --expose.
  std::vector<std::string> anonymous_volumes = {};  // Removed with the container by --rm or rm -v.

  std::string short_id() const { return id.substr(0, 12); }
};

Result<void> save_record(const EngineLayout& layout, const ContainerRecord& record);

// The current file of its log (runtime/monitor/log_writer.h).
std::string log_path_of(const EngineLayout& layout, const ContainerRecord& record);

// kNotFound if there is none.
Result<ContainerRecord> load_record(const EngineLayout& layout, std::string_view id);

}  // namespace ikada
