// What nearly every source includes, parsed once: half of a build's time otherwise. Sources still
// include what they use, so that each compiles without this (as clang-tidy sees it).
#pragma once

#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/base/json.h"
#include "runtime/base/result.h"
