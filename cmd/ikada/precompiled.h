// The same for commands, with the command line's library.
#pragma once

#include <CLI/CLI.hpp>

#include "runtime/base/precompiled.h"
