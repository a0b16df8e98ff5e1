#include "runtime/monitor/footprint.h"

#include <sys/mman.h>
#include <unistd.h>

#include <malloc.h>

// The linker's names for the beginning of the program, at a page's beginning, and the end of its
// code.
extern const char kProgramStart asm("__executable_start");
extern const char kCodeEnd asm("etext");

namespace ikada {

void forget_setup_memory() {
  ::malloc_trim(0);
  const auto page = static_cast<size_t>(::sysconf(_SC_PAGESIZE));
  const auto size = static_cast<size_t>(&kCodeEnd - &kProgramStart) / page * page;
  ::madvise(const_cast<char*>(&kProgramStart), size, MADV_DONTNEED);
}

}  // namespace ikada
