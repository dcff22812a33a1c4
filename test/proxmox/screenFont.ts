// Letters for the stand-in's screen: five by seven dots, one string of rows a letter.

const rows: Readonly<Record<string, string>> = {
  A: '0e11111f111111', B: '1e11111e11111e', C: '0e11101010110e', D: '1e11111111111e', E: '1f10101e10101f', F: '1f10101e101010', G: '0e11101713110f', H: '1111111f111111',
  I: '0e04040404040e', J: '0702020202120c', K: '11121418141211', L: '1010101010101f', M: '111b1515111111', N: '11191513111111', O: '0e11111111110e', P: '1e11111e101010',
  Q: '0e11111115120d', R: '1e11111e141211', S: '0f10100e01011e', T: '1f040404040404', U: '1111111111110e', V: '11111111110a04', W: '1111111515150a', X: '11110a040a1111',
  Y: '11110a04040404', Z: '1f01020408101f', 0: '0e13151519110e', 1: '040c040404040e', 2: '0e11010204081f', 3: '1f02040201110e', 4: '02060a121f0202', 5: '1f101e0101110e',
  6: '0608101e11110e', 7: '1f010204080808', 8: '0e11110e11110e', 9: '0e11110f01020c', '-': '0000001f000000', _: '0000000000001f', '.': '00000000000c0c', ':': '000c0c000c0c00',
  '/': '00010204081000', '(': '02040808080402', ')': '08040202020408', '@': '0e11171517100e', '#': '0a0a1f0a1f0a0a',
};

/** Paints `text` in light grey, each dot `scale` wide. Letters that are not known are left blank. */
export function paintText(rgb: Uint8Array, width: number, height: number, left: number, top: number, scale: number, text: string): void {
  [...text.toUpperCase()].forEach((letter, index) => {
    const bits = rows[letter];
    if (bits === undefined) return;
    for (let row = 0; row < 7; row += 1) {
      const line = Number.parseInt(bits.slice(row * 2, row * 2 + 2), 16);
      for (let column = 0; column < 5; column += 1) {
        if ((line & (16 >> column)) === 0) continue;
        for (let dy = 0; dy < scale; dy += 1) {
          for (let dx = 0; dx < scale; dx += 1) {
            const x = left + (index * 6 + column) * scale + dx;
            const y = top + row * scale + dy;
            if (x < width && y < height) rgb.fill(220, (y * width + x) * 3, (y * width + x) * 3 + 3);
          }
        }
      }
    }
  });
}
