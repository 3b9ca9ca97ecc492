using Google.Protobuf.Reflection;

namespace Tally.Rpc.Reflection;

/// <summary>Finds proto files by their names and by what is declared in them.</summary>
internal sealed class SymbolTable
{
    private readonly Dictionary<string, FileDescriptor> _files = new(StringComparer.Ordinal);
    private readonly Dictionary<string, FileDescriptor> _symbols = new(StringComparer.Ordinal);
    private readonly Dictionary<(string Type, int Number), FileDescriptor> _extensions = [];

    public SymbolTable(IEnumerable<FileDescriptor> files)
    {
        foreach (var file in files.SelectMany(WithDependencies))
        {
            if (_files.TryAdd(file.Name, file))
            {
                AddFile(file);
            }
        }
    }

    public FileDescriptor? FileNamed(string name) => _files.GetValueOrDefault(name);

    public FileDescriptor? FileWith(string symbol) => _symbols.GetValueOrDefault(symbol);

    public FileDescriptor? FileWithExtension(string type, int number) => _extensions.GetValueOrDefault((type, number));

    public IEnumerable<int> ExtensionsOf(string type) => _extensions.Keys.Where(key => key.Type == type).Select(key => key.Number).Order();

    /// <summary>The file and all that it imports, each one once.</summary>
    public static IEnumerable<FileDescriptor> WithDependencies(FileDescriptor file)
    {
        var seen = new HashSet<string>(StringComparer.Ordinal) { file.Name };
        var waiting = new Queue<FileDescriptor>([file]);
        while (waiting.TryDequeue(out var next))
        {
            yield return next;
            foreach (var dependency in next.Dependencies.Where(dependency => seen.Add(dependency.Name)))
            {
                waiting.Enqueue(dependency);
            }
        }
    }

    private void AddFile(FileDescriptor file)
    {
        foreach (var message in file.MessageTypes)
        {
            AddMessage(message);
        }

        foreach (var symbol in file.EnumTypes.Concat<IDescriptor>(file.Services).Concat(file.Services.SelectMany(service => service.Methods)))
        {
            _symbols[symbol.FullName] = file;
        }

        AddExtensions(file.Extensions);
    }

    private void AddMessage(MessageDescriptor message)
    {
        _symbols[message.FullName] = message.File;
        foreach (var nested in message.NestedTypes)
        {
            AddMessage(nested);
        }

        foreach (var symbol in message.EnumTypes.Concat<IDescriptor>(message.Fields.InDeclarationOrder()))
        {
            _symbols[symbol.FullName] = message.File;
        }

        AddExtensions(message.Extensions);
    }

    private void AddExtensions(ExtensionCollection extensions)
    {
        foreach (var extension in extensions.UnorderedExtensions)
        {
            _symbols[extension.FullName] = extension.File;
            _extensions[(extension.ExtendeeType.FullName, extension.FieldNumber)] = extension.File;
        }
    }
}
