// A shared library that is loaded when it is first needed instead of at every start of the program.
//
// Linking libcurl makes the loader map and relocate some thirty libraries, 7 ms before main(), and
// libcrypto alone costs 0.6 ms; most commands use neither. A library stays loaded until the process
// ends. Its package must be named as a dependency by hand, because no tool sees it in the binary.
//
// Source: dlopen(3), dlsym(3).
#pragma once

#include "runtime/base/result.h"

namespace ikada {

class SharedLibrary {
 public:
  // `name` with its version, e.g. "libcurl.so.4". kUnavailable if it is not installed.
  static Result<SharedLibrary> open(const char* name);

  // Sets `function` to the symbol. kUnavailable if the library has none of that name.
  template <typename Function>
  Result<void> find(const char* symbol, Function*& function) const {
    IK_LET(address, find_address(symbol));
    function = reinterpret_cast<Function*>(address);
    return {};
  }

 private:
  SharedLibrary(const char* name, void* handle) : name_(name), handle_(handle) {}
  Result<void*> find_address(const char* symbol) const;

  const char* name_;
  void* handle_;
};

}  // namespace ikada
