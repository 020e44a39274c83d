/* bcryptprimitives.dll for wine 8, which has none: ProcessPrng, from which programs take their randomness. */

#include <windows.h>
#include <ntsecapi.h>

__declspec(dllexport) BOOL WINAPI ProcessPrng(BYTE *to, SIZE_T length) {
  while (length > 0) {
    ULONG part = length > 0x10000 ? 0x10000 : (ULONG)length;
    if (!RtlGenRandom(to, part)) return FALSE;
    to += part;
    length -= part;
  }
  return TRUE;
}
