// stdout that remembers why it lost what was printed.
//
// Commands just print. A stream of the C library drops what it could not write and forgets the
// reason as soon as it is written to again; ours is asked at the end.
//
// Source: fopencookie(3); glibc manual, "Standard Streams", for replacing stdout.
#pragma once

namespace ikada {

// Puts our stream in the place of stdout. First thing in main(), before anything is printed.
// fileno(3) knows no descriptor of it: that is STDOUT_FILENO.
void open_standard_output();

// Writes what is still held back. 0, or the error that kept output, now or earlier, from arriving.
int settle_standard_output();

}  // namespace ikada
