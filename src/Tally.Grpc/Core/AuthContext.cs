namespace Grpc.Core;

/// <summary>Who the caller is, as far as the connection proved it.</summary>
/// <param name="peerIdentityPropertyName">The property that names the caller, or null when nobody proved anything.</param>
/// <param name="properties">What was proved.</param>
public class AuthContext(string? peerIdentityPropertyName, Dictionary<string, List<AuthProperty>> properties)
{
    /// <summary>Whether the caller proved who it is.</summary>
    public bool IsPeerAuthenticated => PeerIdentityPropertyName is not null;

    /// <summary>The property that names the caller, or null.</summary>
    public string? PeerIdentityPropertyName { get; } = peerIdentityPropertyName;

    /// <summary>The values of the property that names the caller.</summary>
    public IEnumerable<AuthProperty> PeerIdentity => PeerIdentityPropertyName is null ? [] : FindPropertiesByName(PeerIdentityPropertyName);

    /// <summary>All that was proved.</summary>
    public IEnumerable<AuthProperty> Properties => properties.Values.SelectMany(values => values);

    /// <summary>What was proved under this name.</summary>
    public IEnumerable<AuthProperty> FindPropertiesByName(string propertyName) => properties.GetValueOrDefault(propertyName) ?? [];
}

/// <summary>One thing that the caller proved.</summary>
public class AuthProperty
{
    private readonly byte[] _value;

    private AuthProperty(string name, byte[] value)
    {
        Name = name;
        _value = value;
    }

    /// <summary>What it is called.</summary>
    public string Name { get; }

    /// <summary>Its value as UTF-8 text.</summary>
    public string Value => System.Text.Encoding.UTF8.GetString(_value);

    /// <summary>Its value as bytes.</summary>
    public byte[] ValueBytes => _value.AsSpan().ToArray();

    /// <summary>A property with this value.</summary>
    public static AuthProperty Create(string name, byte[] valueBytes)
    {
        ArgumentNullException.ThrowIfNull(name);
        ArgumentNullException.ThrowIfNull(valueBytes);
        return new AuthProperty(name, valueBytes.AsSpan().ToArray());
    }
}
