// Which machine an image is made for: "linux/amd64", "linux/arm64/v8".
//
// Names are Go's (GOOS, GOARCH); aliases that people write ("x86_64", "aarch64", "armhf") are
// understood on input.
//
// Source: OCI image-spec 1.1, image-index.md; containerd's platform normalisation (names only).
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "runtime/base/result.h"

namespace ikada {

struct Platform {
  std::string os;            // "linux"
  std::string architecture;  // "amd64"
  std::string variant;       // "v7", "v8" or empty.

  // "linux/arm/v7".
  std::string text() const;

  bool operator==(const Platform&) const = default;
};

// "OS/ARCH[/VARIANT]", "ARCH" or "OS"; the missing parts are this host's. kInvalid otherwise.
Result<Platform> parse_platform(std::string_view text);

// This host's, by uname(2).
Platform host_platform();

// The same with aliases replaced: arm64/v8 is arm64, x86_64 is amd64, arm without variant is v7.
Platform normalize_platform(const Platform& platform);

// How well an image for `offered` runs where `wanted` is asked for: lower is better, 0 is exact,
// nullopt is not at all. arm/v7 also runs v6 and v5.
std::optional<int> platform_distance(const Platform& wanted, const Platform& offered);

}  // namespace ikada
