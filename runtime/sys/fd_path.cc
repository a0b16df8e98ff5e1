#include "runtime/sys/fd_path.h"

namespace ikada {

FdPath::FdPath(int fd) {
  constexpr char kPrefix[] = "/proc/self/fd/";
  char digits[12];
  int count = 0;
  auto rest = static_cast<unsigned>(fd);
  do {
    digits[count++] = static_cast<char>('0' + rest % 10);
    rest /= 10;
  } while (rest != 0);
  char* out = text_;
  for (const char* each = kPrefix; *each != '\0'; ++each) *out++ = *each;
  while (count > 0) *out++ = digits[--count];
  *out = '\0';
}

}  // namespace ikada
