#include "runtime/monitor/footprint.h"

#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>
#include <malloc.h>

extern "C" {
extern const char __executable_start;
extern const char etext;
}

namespace ikada {

void forget_setup_memory() {
  ::malloc_trim(0);
  const auto page = static_cast<std::uintptr_t>(::sysconf(_SC_PAGESIZE));
  const auto begin = reinterpret_cast<std::uintptr_t>(&__executable_start) / page * page;
  const auto end = reinterpret_cast<std::uintptr_t>(&etext) / page * page;
  ::madvise(reinterpret_cast<void*>(begin), end - begin, MADV_DONTNEED);
}

}  // namespace ikada
