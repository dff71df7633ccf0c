package conformance;

import static conformance.Expect.fails;

import java.util.List;
import org.apache.kafka.common.acl.AccessControlEntry;
import org.apache.kafka.common.acl.AclBinding;
import org.apache.kafka.common.acl.AclBindingFilter;
import org.apache.kafka.common.acl.AclOperation;
import org.apache.kafka.common.acl.AclPermissionType;
import org.apache.kafka.common.errors.SecurityDisabledException;
import org.apache.kafka.common.resource.PatternType;
import org.apache.kafka.common.resource.ResourcePattern;
import org.apache.kafka.common.resource.ResourceType;

@Area("acls")
final class Acls {
    private Acls() {}

    static void without_an_authorizer_nothing_is_described(Scope scope) {
        fails(SecurityDisabledException.class, scope.admin().describeAcls(AclBindingFilter.ANY).values());
    }

    static void without_an_authorizer_nothing_is_created(Scope scope) {
        AclBinding binding = new AclBinding(
                new ResourcePattern(ResourceType.TOPIC, "anything", PatternType.LITERAL),
                new AccessControlEntry("User:someone", "*", AclOperation.READ, AclPermissionType.ALLOW));
        fails(SecurityDisabledException.class, scope.admin().createAcls(List.of(binding)).all());
    }

    static void without_an_authorizer_nothing_is_deleted(Scope scope) {
        fails(SecurityDisabledException.class, scope.admin().deleteAcls(List.of(AclBindingFilter.ANY)).all());
    }
}
