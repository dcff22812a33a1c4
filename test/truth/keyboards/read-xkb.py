#!/usr/bin/env python3
"""Reads keyboard layouts from xkb into xkb.json: `apt-get install libxkbcommon0 xkb-data; python3 read-xkb.py`."""
import ctypes as c
import json
import pathlib

# Gaia's name, xkb's layout and variant.
LAYOUTS = {name: (name, '') for name in 'us gb de ch fr es it se dk no fi is nl be ca pt br pl cz hu si tr'.split()} | {'ch_fr': ('ch', 'fr')}
# From the key left of 1 to the one of the slash, as in webview/console/layouts.ts.
KEYS = ['TLDE', *(f'AE{n:02}' for n in range(1, 13)), *(f'AD{n:02}' for n in range(1, 13)), *(f'AC{n:02}' for n in range(1, 12)), 'BKSL', 'LSGT', *(f'AB{n:02}' for n in range(1, 11))]
DEAD = {'grave': '`', 'acute': '´', 'circumflex': '^', 'tilde': '~', 'diaeresis': '¨', 'cedilla': '¸', 'caron': 'ˇ', 'abovering': '°'}


class Names(c.Structure):
    _fields_ = [(name, c.c_char_p) for name in ('rules', 'model', 'layout', 'variant', 'options')]


xkb = c.CDLL('libxkbcommon.so.0')
xkb.xkb_context_new.restype = xkb.xkb_keymap_new_from_names.restype = c.c_void_p
xkb.xkb_keymap_new_from_names.argtypes = [c.c_void_p, c.POINTER(Names), c.c_int]
xkb.xkb_keymap_key_by_name.argtypes = [c.c_void_p, c.c_char_p]
xkb.xkb_keymap_key_get_syms_by_level.argtypes = [c.c_void_p, c.c_uint32, c.c_uint32, c.c_uint32, c.POINTER(c.POINTER(c.c_uint32))]
context = xkb.xkb_context_new(0)


def character(keymap, key, level):
    """What a key makes: a character, `dead:^`, or nothing."""
    symbols = c.POINTER(c.c_uint32)()
    if xkb.xkb_keymap_key_get_syms_by_level(keymap, xkb.xkb_keymap_key_by_name(keymap, key.encode()), 0, level, c.byref(symbols)) < 1:
        return ''
    text = c.create_string_buffer(64)
    xkb.xkb_keysym_get_name(symbols[0], text, 64)
    name = text.value.decode()
    if name.startswith('dead_'):
        return f"dead:{DEAD.get(name[5:], '?')}"
    xkb.xkb_keysym_to_utf8(symbols[0], text, 64)
    return text.value.decode()


def read(layout, variant):
    keymap = xkb.xkb_keymap_new_from_names(context, c.byref(Names(b'evdev', b'pc105', layout.encode(), variant.encode(), b'')), 0)
    return [[character(c.c_void_p(keymap), key, level) for key in KEYS] for level in range(4)]


result = {name: read(*where) for name, where in LAYOUTS.items()}
lines = ',\n'.join(f'  {json.dumps(name)}: [\n' + ',\n'.join('    ' + json.dumps(level, ensure_ascii=False) for level in levels) + '\n  ]' for name, levels in result.items())
(pathlib.Path(__file__).parent / 'xkb.json').write_text('{\n' + lines + '\n}\n')
