"""Files and folders that are written whole or not at all, and that last once they are written.

All that the library writes goes through here. What is new is written under another name in the
same folder, brought to the disk, and renamed: whoever looks, at any moment, after a full disk,
`kill -9` or a loss of power, finds the former file or the new one, never a mix and never none.
"""

from geartrain.files.file import append, append_lines, bring_to_disk, cut, replacing
from geartrain.files.folder import replacing_folder, write_folder
from geartrain.files.others import leave_to_others, nothing_written, writes
from geartrain.files.place import check_writable, make_folder

__all__ = [
    "append", "append_lines", "bring_to_disk", "check_writable", "cut", "leave_to_others",
    "make_folder", "nothing_written", "replacing", "replacing_folder", "write_folder", "writes",
]  # fmt: skip
