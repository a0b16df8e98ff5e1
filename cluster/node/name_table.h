// The names of the cluster's tasks and services, and what they stand for. Pure.
//
//   SERVICE.CLUSTER.ikada                  A: the tasks of the service
//   TASK.CLUSTER.ikada                     A: that task (its id)
//   _PORT._tcp.SERVICE.CLUSTER.ikada       SRV: where the tasks serve the port, by its name in the
//                                          task definition or by its number in the container
//   BALANCER-ID.REGION.elb.ikada           A: the load balancer's address, or the hosts that carry
//   it
//
// Names are compared without regard to upper and lower case. Whoever an entry is made for, an entry
// is some names, an address and ports: of several entries with one name all answer.
//
// Entries of hosts that drain answer only while there are no others.
//
// Source: RFC 1034 section 3; RFC 2782.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "net/dns_message.h"
#include "runtime/base/json.h"
#include "runtime/base/prng.h"
#include "runtime/base/result.h"

namespace ikada {

inline constexpr std::string_view kNameZone = "ikada";
inline constexpr std::uint32_t kNameTtlSeconds = 2;
// More addresses than that of one name are not told to one client.
inline constexpr size_t kMaxAddresses = 1000;

struct NamePort {
  std::string name = {};  // May be empty.
  std::string protocol = "tcp";
  std::uint16_t container_port = 0;
  std::uint16_t port = 0;  // At the address.

  bool operator==(const NamePort&) const = default;
};

struct NameEntry {
  std::vector<std::string> names = {};  // "web.default", without the zone; the last is its alone.
  std::string address = {};
  bool is_draining = false;
  std::vector<NamePort> ports = {};

  bool operator==(const NameEntry&) const = default;
};

using NameEntries = std::map<std::string, NameEntry>;  // By an id.

Json to_json(const NameEntry& entry);
Result<NameEntry> parse_name_entry(const Json& json);

class NameTable {
 public:
  void set(const std::string& id, std::optional<NameEntry> entry);
  void clear();
  const NameEntries& entries() const { return entries_; }

  // Nothing for a name outside of the zone. Which of several come first is the generator's choice.
  std::optional<DnsAnswer> answer(const DnsQuestion& question, Prng& prng) const;

 private:
  std::vector<const NameEntry*> find(const std::string& name) const;
  bool is_above(const std::string& name) const;

  NameEntries entries_;
  std::map<std::string, std::set<std::string>, std::less<>> by_name_;  // Ids.
  std::map<std::string, size_t, std::less<>> parents_;                 // "default": how many.
};

}  // namespace ikada
