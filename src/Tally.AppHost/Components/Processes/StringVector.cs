using System.Runtime.InteropServices;

namespace Tally.AppHost.Components.Processes;

/// <summary>Strings as C wants them: an array of pointers with a null at the end.</summary>
internal sealed class StringVector : IDisposable
{
    private readonly nint[] _strings;

    public StringVector(IEnumerable<string> strings)
    {
        _strings = [.. strings.Select(Marshal.StringToCoTaskMemUTF8)];
        Pointer = Marshal.AllocHGlobal((_strings.Length + 1) * nint.Size);
        for (var i = 0; i < _strings.Length; i++)
        {
            Marshal.WriteIntPtr(Pointer, i * nint.Size, _strings[i]);
        }

        Marshal.WriteIntPtr(Pointer, _strings.Length * nint.Size, 0);
    }

    /// <summary>The array.</summary>
    public nint Pointer { get; }

    public void Dispose()
    {
        Array.ForEach(_strings, Marshal.FreeCoTaskMem);
        Marshal.FreeHGlobal(Pointer);
    }
}
