// Where one host's containers are kept.
//
//   ROOT/containers/ID/  record.json config.json monitor.json network.json exit.json log hosts
//                        hostname resolv.conf seccomp.json upper/ work/ rootfs/
//   ROOT/names/NAME      symbolic link to ../containers/ID; making it is what reserves the name
//   ROOT/active/ID       empty, see active_mark.h; locked by whoever looks after the container
//   ROOT/volumes/NAME/   _data/ and volume.json
//   RUN/runtime/ID/      the runtime's state
//   RUN/containers/ID/   attach.sock
//   RUN/net/             addresses and ports in use
//
// ROOT survives a reboot, RUN does not.
#pragma once

#include <string>
#include <string_view>

#include "runtime/base/result.h"

namespace ikada {

struct EngineLayout {
  std::string root = "/var/lib/ikada";
  std::string run_root = "/run/ikada";

  std::string containers() const { return root + "/containers"; }
  std::string names() const { return root + "/names"; }
  std::string active() const { return root + "/active"; }
  std::string volumes() const { return root + "/volumes"; }
  std::string runtime_states() const { return run_root + "/runtime"; }
  std::string sockets() const { return run_root + "/containers"; }
  std::string network_state() const { return run_root + "/net"; }
  std::string task_network_state() const { return run_root + "/task-net"; }

  std::string container(std::string_view id) const {
    return fmt::format("{}/{}", containers(), id);
  }
  std::string container_file(std::string_view id, std::string_view name) const {
    return fmt::format("{}/{}/{}", containers(), id, name);
  }
  std::string name_link(std::string_view name) const { return fmt::format("{}/{}", names(), name); }
  std::string active_mark(std::string_view id) const { return fmt::format("{}/{}", active(), id); }
  std::string socket_directory(std::string_view id) const {
    return fmt::format("{}/{}", sockets(), id);
  }
  std::string attach_socket(std::string_view id) const {
    return fmt::format("{}/{}/attach.sock", sockets(), id);
  }

  // Makes the directories that do not depend on a container, 0700. Quick when they are there.
  Result<void> prepare() const;
};

}  // namespace ikada
