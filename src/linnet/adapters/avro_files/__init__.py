"""Files and folders of alert packets as a source.

What is offered, so that every byte someone pointed at is accounted for:

- **Every regular file that is not hidden is one message**, whatever its name and content; what is no packet becomes a
  dead letter. Topic: the folder that was given (of a single file: its folder), an absolute path. Key: the path in it.
- **Every member of a `.tar`, `.tar.gz` or `.tgz` is one message.** Topic: the tar's path. Key: the member's name.
  Nothing is ever unpacked to disk. Folders in it and hidden members are left out; a link or a device in it is offered
  with an empty value and never followed.
- **A damaged tar is one message**: the tar's own bytes, in the topic of its folder. It is read to its end (checksum
  included) before any member is offered, so it is never half-ingested. So is a tar without any member. A plain tar that
  was cut exactly between two members cannot be told from a whole one: ZTF writes its tars without the mark of the end.
- **Hidden** are names that begin with a dot, and what lies in folders of such names. A hidden file that is named itself
  is taken.
- **Links** to files are offered under their own name. Links to folders are followed, each folder once. Pipes, sockets
  and devices are left out. A link to nothing, and what may not be read, is an error before the first message.
- **Larger than a message may be** (`MAX_MESSAGE`, 64 MB): offered with its first 64 MB and one byte, which the decoder
  refuses as `TOO_LARGE`. Such a dead letter holds that beginning; the original stays where its topic and key say.

Offsets number the sorted listing of a topic from 0. Positions therefore hold as long as the folder stays as it is: they
are for going on after an interruption. To take in a folder that has grown, open it without positions; what is stored
already is counted as duplicate. A folder that goes on growing is read by `folder_source`.
"""

from linnet.adapters.avro_files.folder_source import FolderSource, OpenFolder
from linnet.adapters.avro_files.listing import Entry
from linnet.adapters.avro_files.night_order import in_night_order
from linnet.adapters.avro_files.reading import AvroFiles, FileList, OpenFiles

__all__ = ["AvroFiles", "Entry", "FileList", "FolderSource", "OpenFiles", "OpenFolder", "in_night_order"]
