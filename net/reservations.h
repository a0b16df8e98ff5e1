// Who has which address and which host port: one symbolic link each, named by what is reserved and
// pointing to the owner. symlink(2) makes name and owner in one step and fails if the name is
// taken, so nothing is ever given twice, and a process killed at any moment leaves either nothing
// or a link that says whose it is.
//
//   DIR/subnet                      -> 10.88.0.0/16
//   DIR/last_address                -> 10.88.0.7
//   DIR/addresses/10.88.0.5         -> CONTAINER_ID
//   DIR/ports/tcp-0.0.0.0-8080      -> CONTAINER_ID/10.88.0.5/80
//
// The links' targets do not exist; they are texts.
//
// Source: symlink(2).
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "net/ipv4.h"
#include "net/nft_plan.h"
#include "runtime/base/result.h"

namespace ikada {

struct PortReservation {
  std::string container_id;
  PortElement port;
};

class Reservations {
 public:
  // Makes the directories (0700) if need be.
  static Result<Reservations> open(const std::string& directory, const Ipv4Subnet& subnet);

  // The next address after the one given last that is neither taken nor network, gateway or
  // broadcast. A container that has one keeps it. kUnavailable if all are taken.
  Result<std::uint32_t> take_address(const std::string& container_id);

  // The container's address, if it has one.
  Result<std::optional<std::uint32_t>> find_address(const std::string& container_id) const;

  // kConflict if another container has the port: "port is already allocated".
  Result<void> take_port(const PortReservation& reservation);

  // All ports, or those of one container. Links that nothing can be made of are left out.
  Result<std::vector<PortReservation>> ports() const;
  Result<std::vector<PortElement>> ports_of(const std::string& container_id) const;

  // Not an error if it is gone already.
  Result<void> give_back_port(const PortElement& port);
  Result<void> give_back_addresses(const std::string& container_id);

  // Every container that has something, each once.
  Result<std::vector<std::string>> owners() const;

 private:
  Reservations(std::string directory, Ipv4Subnet subnet)
      : directory_(std::move(directory)), subnet_(subnet) {}

  std::string directory_;
  Ipv4Subnet subnet_;
};

// The subnets of all networks below `state_dir`, with their names and directories.
struct KnownNetwork {
  BridgeElement bridge;
  std::string directory;
};
Result<std::vector<KnownNetwork>> find_known_networks(const std::string& state_dir);

// In docker's words: "Bind for 0.0.0.0:8080 failed: port is already allocated".
Error port_allocated_error(const PortElement& port);

}  // namespace ikada
