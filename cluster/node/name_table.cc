#include "cluster/node/name_table.h"

#include <algorithm>
#include <utility>

#include "runtime/base/number.h"
#include "runtime/base/text.h"

namespace ikada {
namespace {

// "_http._tcp.web.default".
struct PortQuestion {
  std::string port;
  std::string protocol;
  std::string name;
};

std::optional<PortQuestion> parse_port_question(const std::string& name) {
  const Cut port = cut(name, '.');
  const Cut protocol = cut(port.after, '.');
  const bool is_one = port.before.starts_with('_') && port.before.size() > 1 &&
                      (protocol.before == "_tcp" || protocol.before == "_udp") && protocol.found;
  if (!is_one) return std::nullopt;
  return PortQuestion{.port = std::string(port.before.substr(1)),
                      .protocol = std::string(protocol.before.substr(1)),
                      .name = std::string(protocol.after)};
}

bool is_asked_port(const NamePort& port, const PortQuestion& asked) {
  if (port.protocol != asked.protocol) return false;
  return lower_case(port.name) == asked.port || std::to_string(port.container_port) == asked.port;
}

bool is_ipv6(const std::string& address) { return address.find(':') != std::string::npos; }

std::uint16_t type_of(const NameEntry& entry) { return is_ipv6(entry.address) ? kDnsAaaa : kDnsA; }

void put_addresses(const std::vector<const NameEntry*>& entries,
                   const DnsQuestion& question,
                   DnsAnswer& answer) {
  for (const NameEntry* entry : entries) {
    const std::uint16_t type = type_of(*entry);
    if (question.type != type && question.type != kDnsAny) continue;
    answer.records.push_back({.name = question.name, .type = type, .address = entry->address});
  }
}

void put_ports(const std::vector<const NameEntry*>& entries,
               const PortQuestion& asked,
               const std::string& owner,
               DnsAnswer& answer) {
  for (const NameEntry* entry : entries) {
    const std::string target = fmt::format("{}.{}", entry->names.back(), kNameZone);
    for (const NamePort& port : entry->ports) {
      if (!is_asked_port(port, asked)) continue;
      answer.records.push_back(
          {.name = owner, .type = kDnsSrv, .port = port.port, .target = target});
      const DnsRecord address{.name = target, .type = type_of(*entry), .address = entry->address};
      if (answer.additional.empty() || answer.additional.back() != address) {
        answer.additional.push_back(address);
      }
    }
  }
}

// "b.c" and "c" of "a.b.c": who asks for one label after another is told that they are there
// (RFC 8020).
std::vector<std::string> names_above(const std::string& name) {
  std::vector<std::string> above;
  for (Cut rest = cut(name, '.'); rest.found; rest = cut(rest.after, '.')) {
    above.emplace_back(rest.after);
  }
  return above;
}

Json port_json(const NamePort& port) {
  return Json::array({port.name, port.protocol, port.container_port, port.port});
}

Result<NamePort> parse_port(const Json& json) {
  constexpr size_t kParts = 4;
  const bool is_one = json.is_array() && json.size() == kParts && json[0].is_string() &&
                      json[1].is_string() && json[2].is_number_unsigned() &&
                      json[3].is_number_unsigned() && json[2] <= UINT16_MAX &&
                      json[3] <= UINT16_MAX;
  if (!is_one) return make_error(ErrorKind::kInvalid, "not a port of a name");
  return NamePort{.name = json[0].get<std::string>(),
                  .protocol = json[1].get<std::string>(),
                  .container_port = json[2].get<std::uint16_t>(),
                  .port = json[3].get<std::uint16_t>()};
}

}  // namespace

Json to_json(const NameEntry& entry) {
  Json json = {{"names", entry.names}, {"address", entry.address}};
  if (entry.is_draining) json["draining"] = true;
  for (const NamePort& each : entry.ports) json["ports"].push_back(port_json(each));
  return json;
}

Result<NameEntry> parse_name_entry(const Json& json) {
  NameEntry entry;
  JsonReader reader(json, "name");
  reader.require("names", entry.names);
  reader.require("address", entry.address);
  reader.read("draining", entry.is_draining);
  IK_TRY(reader.done());
  if (entry.names.empty()) return make_error(ErrorKind::kInvalid, "an entry without a name");
  const Json* const ports = reader.find("ports");
  if (ports == nullptr) return entry;
  if (!ports->is_array()) return make_error(ErrorKind::kInvalid, "name.ports: not an array");
  for (const Json& each : *ports) {
    IK_LET(port, parse_port(each));
    entry.ports.push_back(std::move(port));
  }
  return entry;
}

void NameTable::set(const std::string& id, std::optional<NameEntry> entry) {
  const auto old = entries_.find(id);
  if (old != entries_.end()) {
    for (const std::string& each : old->second.names) {
      const std::string name = lower_case(each);
      const auto ids = by_name_.find(name);
      if (ids == by_name_.end() || ids->second.erase(id) == 0) continue;
      if (ids->second.empty()) by_name_.erase(ids);
      for (const std::string& above : names_above(name)) {
        const auto parent = parents_.find(above);
        if (parent != parents_.end() && --parent->second == 0) parents_.erase(parent);
      }
    }
    entries_.erase(old);
  }
  if (!entry.has_value()) return;
  for (const std::string& each : entry->names) {
    const std::string name = lower_case(each);
    if (!by_name_[name].insert(id).second) continue;
    for (const std::string& above : names_above(name)) ++parents_[above];
  }
  entries_.emplace(id, std::move(*entry));
}

void NameTable::clear() {
  entries_.clear();
  by_name_.clear();
  parents_.clear();
}

std::vector<const NameEntry*> NameTable::find(const std::string& name) const {
  std::vector<const NameEntry*> staying;
  std::vector<const NameEntry*> draining;
  const auto ids = by_name_.find(name);
  if (ids == by_name_.end()) return {};
  for (const std::string& id : ids->second) {
    const NameEntry& entry = entries_.at(id);
    (entry.is_draining ? draining : staying).push_back(&entry);
  }
  return staying.empty() ? draining : staying;
}

// Of names that are there: "default", "_tcp.web.default".
bool NameTable::is_above(const std::string& name) const {
  if (parents_.find(name) != parents_.end()) return true;
  const Cut first = cut(name, '.');
  return (first.before == "_tcp" || first.before == "_udp") &&
         by_name_.find(first.after) != by_name_.end();
}

std::optional<DnsAnswer> NameTable::answer(const DnsQuestion& question, Prng& prng) const {
  std::string name = lower_case(question.name);
  DnsAnswer answer{.zone = std::string(kNameZone)};
  if (name == kNameZone) return answer;
  const std::string suffix = fmt::format(".{}", kNameZone);
  if (!name.ends_with(suffix)) return std::nullopt;
  name.resize(name.size() - suffix.size());
  const std::optional<PortQuestion> asked = parse_port_question(name);
  std::vector<const NameEntry*> entries = find(asked.has_value() ? asked->name : name);
  for (size_t left = entries.size(); left > 1; --left) {
    std::swap(entries[left - 1], entries[prng.below(static_cast<std::uint32_t>(left))]);
  }
  if (entries.size() > kMaxAddresses) entries.resize(kMaxAddresses);
  if (!asked.has_value()) {
    put_addresses(entries, question, answer);
    if (entries.empty() && !is_above(name)) answer.code = DnsCode::kNoSuchName;
    return answer;
  }
  put_ports(entries, *asked, question.name, answer);
  if (answer.records.empty()) answer.code = DnsCode::kNoSuchName;
  if (question.type == kDnsSrv || question.type == kDnsAny) return answer;
  answer.records.clear();
  answer.additional.clear();
  return answer;
}

}  // namespace ikada
