// Keeping the memory of a waiting monitor small.
//
// Source: madvise(2): a private file mapping's pages that are given up are read again from the page
// cache when they are needed; ld(1) for the symbols that mark the program's code.
#pragma once

namespace ikada {

// Gives back what only the beginning needed: the heap's free pages and the mapped pages of the
// program's code, most of which is not used again. Call it before a long wait.
void forget_setup_memory();

}  // namespace ikada
