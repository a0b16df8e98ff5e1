#include "runtime/cgroup/device_program.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <random>

#include <doctest/doctest.h>

#include "runtime/security/default_profile.h"

namespace ikada {
namespace {

// Runs the few instructions that device programs are made of; -1 for any other.
int run_program(std::span<const bpf_insn> program, const bpf_cgroup_dev_ctx& context) {
  std::array<std::uint32_t, 6> registers = {};
  const std::array<std::uint32_t, 3> fields = {context.access_type, context.major, context.minor};
  for (size_t at = 0; at < program.size();) {
    const bpf_insn now = program[at++];
    std::uint32_t& target = registers.at(now.dst_reg);
    const auto value = static_cast<std::uint32_t>(now.imm);
    switch (now.code) {
      case BPF_LDX | BPF_MEM | BPF_W:
        target = fields.at(static_cast<size_t>(now.off) / 4);
        break;
      case BPF_ALU | BPF_MOV | BPF_X:
        target = registers.at(now.src_reg);
        break;
      case BPF_ALU64 | BPF_MOV | BPF_K:
        target = value;
        break;
      case BPF_ALU | BPF_AND | BPF_K:
        target &= value;
        break;
      case BPF_ALU | BPF_RSH | BPF_K:
        target >>= value;
        break;
      case BPF_JMP | BPF_JNE | BPF_K:
        if (target != value) at += static_cast<size_t>(now.off);
        break;
      case BPF_JMP | BPF_JEQ | BPF_K:
        if (target == value) at += static_cast<size_t>(now.off);
        break;
      case BPF_JMP | BPF_JA:
        at += static_cast<size_t>(now.off);
        break;
      case BPF_JMP | BPF_EXIT:
        return static_cast<int>(registers[0]);
      default:
        return -1;
    }
  }
  return -1;
}

class Devices {
 public:
  explicit Devices(const Json& rules)
      : program_(device_program(parse_resources({{"devices", rules}}).value().devices)) {}
  explicit Devices(const char* rules) : Devices(parse_json(rules).value()) {}

  bool allows_everything() const { return program_.empty(); }

  bool allow(char type, std::uint32_t major, std::uint32_t minor, std::string_view access) const {
    std::uint32_t bits = 0;
    for (const char c : access) {
      bits |= c == 'r' ? BPF_DEVCG_ACC_READ : c == 'w' ? BPF_DEVCG_ACC_WRITE : BPF_DEVCG_ACC_MKNOD;
    }
    const std::uint32_t kind = type == 'b' ? BPF_DEVCG_DEV_BLOCK : BPF_DEVCG_DEV_CHAR;
    const int result =
        run_program(program_, {.access_type = bits << 16 | kind, .major = major, .minor = minor});
    CHECK(result >= 0);
    return result == 1;
  }

 private:
  std::vector<bpf_insn> program_;
};

TEST_CASE("D-5: docker's rules allow the usual devices and making any node") {
  const Devices devices(default_device_rules());

  const std::vector<std::pair<std::uint32_t, std::uint32_t>> usual = {
      {1, 3}, {1, 5}, {1, 7}, {1, 8}, {1, 9}, {5, 0}, {5, 2}, {136, 0}, {136, 77}, {10, 200}};
  for (const auto& [major, minor] : usual) {
    CHECK(devices.allow('c', major, minor, "rw"));
    CHECK(devices.allow('c', major, minor, "rwm"));
  }
  for (const auto& [major, minor] : std::vector<std::pair<std::uint32_t, std::uint32_t>>{
           {1, 1}, {1, 2}, {1, 4}, {1, 11}, {4, 0}, {5, 1}, {10, 229}, {10, 232}, {137, 0}}) {
    CHECK(!devices.allow('c', major, minor, "r"));
    CHECK(!devices.allow('c', major, minor, "w"));
    CHECK(devices.allow('c', major, minor, "m"));
  }
  CHECK(!devices.allow('b', 8, 0, "r"));
  CHECK(!devices.allow('b', 1, 3, "r"));
  CHECK(devices.allow('b', 8, 0, "m"));
  CHECK(!devices.allow('b', 8, 0, "rm"));
}

TEST_CASE("the usual program is short, because loading one takes as long as it has branches") {
  const std::vector<bpf_insn> program =
      device_program(parse_resources({{"devices", default_device_rules()}}).value().devices);

  CHECK(program.size() <= 36);
}

TEST_CASE("without rules everything but the specification's own devices is denied") {
  const Devices devices("[]");
  CHECK(devices.allow('c', 1, 3, "rw"));
  CHECK(!devices.allow('c', 10, 200, "r"));
  CHECK(!devices.allow('b', 8, 0, "r"));
}

TEST_CASE("the last rule that matches decides, for each kind of access") {
  const Devices devices(R"([{"allow": false},
    {"allow": true, "type": "b", "major": 8, "minor": 1, "access": "r"},
    {"allow": true, "type": "b", "major": 8, "minor": 1, "access": "w"},
    {"allow": true, "type": "b", "major": 9, "access": "rwm"},
    {"allow": false, "type": "b", "major": 9, "minor": 2, "access": "w"}])");
  CHECK(devices.allow('b', 8, 1, "r"));
  CHECK(devices.allow('b', 8, 1, "rw"));
  CHECK(!devices.allow('b', 8, 2, "r"));
  CHECK(devices.allow('b', 9, 1, "rw"));
  CHECK(devices.allow('b', 9, 2, "r"));
  CHECK(!devices.allow('b', 9, 2, "rw"));
  CHECK(!devices.allow('c', 9, 1, "r"));
}

// The last rule that covers a kind of access decides for it; all that are asked for must be
// allowed.
bool allowed_by_rules(std::span<const DeviceRule> rules,
                      char type,
                      std::uint32_t major,
                      std::uint32_t minor,
                      std::string_view access) {
  return std::all_of(access.begin(), access.end(), [&](char kind) {
    for (auto rule = rules.rbegin(); rule != rules.rend(); ++rule) {
      const bool covers = kind == 'r' ? rule->read : kind == 'w' ? rule->write : rule->mknod;
      if (covers && (rule->type == 'a' || rule->type == type) &&
          rule->major.value_or(major) == major && rule->minor.value_or(minor) == minor) {
        return rule->allow;
      }
    }
    return false;
  });
}

TEST_CASE("random rules decide as their definition says") {
  std::mt19937 random(7);
  const auto maybe = [&](std::uint32_t low) -> Json {
    return random() % 3 == 0 ? Json(-1) : Json(low + random() % 3);
  };
  const std::array<const char*, 7> accesses = {"r", "w", "m", "rw", "rm", "wm", "rwm"};
  for (int round = 0; round < 300; ++round) {
    Json json = Json::array();
    const std::uint64_t count = random() % 12;
    for (std::uint64_t n = 0; n < count; ++n) {
      json.push_back({{"allow", random() % 2 == 0},
                      {"type", std::string(1, "abc"[random() % 3])},
                      {"major", maybe(200)},
                      {"minor", maybe(0)},
                      {"access", accesses[random() % accesses.size()]}});
    }
    const Devices devices(json);
    std::vector<DeviceRule> rules = parse_resources({{"devices", json}}).value().devices;
    // Of the rules that always come last, these are the ones for other devices than null and so on.
    for (const char type : {'b', 'c'}) {
      rules.push_back({.allow = true, .type = type, .major = {}, .minor = {}, .mknod = true});
    }
    for (const char type : {'b', 'c'}) {
      for (std::uint32_t major = 200; major < 204; ++major) {
        for (std::uint32_t minor = 0; minor < 4; ++minor) {
          for (const char* access : accesses) {
            CAPTURE(json.dump());
            CAPTURE(major);
            CAPTURE(minor);
            CAPTURE(access);
            const bool expected = allowed_by_rules(rules, type, major, minor, access);
            CHECK((devices.allows_everything() || devices.allow(type, major, minor, access)) ==
                  expected);
          }
        }
      }
    }
  }
}

TEST_CASE("allowing everything needs no program") {
  CHECK(Devices(R"([{"allow": true, "access": "rwm"}])").allows_everything());
  CHECK(Devices(R"([{"allow": false}, {"allow": true}])").allows_everything());
  CHECK(!Devices(R"([{"allow": true}, {"allow": false, "type": "b", "major": 8}])")
             .allows_everything());
  const Devices but_one(R"([{"allow": true}, {"allow": false, "type": "b", "major": 8}])");
  CHECK(!but_one.allow('b', 8, 0, "r"));
  CHECK(but_one.allow('b', 9, 0, "rwm"));
}

}  // namespace
}  // namespace ikada
