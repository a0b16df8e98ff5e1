// The same for unit tests, with doctest.
#pragma once

#include <doctest/doctest.h>

#include "runtime/base/precompiled.h"
