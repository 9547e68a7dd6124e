"""A pipeline that makes a user of a sign-up and tells a CRM of it, and the people who sign up."""

SIGNUPS = """
pipeline: signups
sources:
  - type: sdk.event
    match: user.signup
actions:
  - upsert.entity:
      kind: user
      external_id: $event.payload.email
      traits:
        name: $event.payload.name
        plan: $event.payload.intended_plan
        country: $event.payload.country
        signed_up_at: now()
  - transform:
      template: |
        { email: $event.payload.email, plan: $entity.user.plan, country: $entity.user.country }
destinations:
  - webhook.out: { url: "https://crm.example.test/accounts" }
"""


def person(number=1):
    return {"email": f"p{number}@acme.co", "name": f"P {number}", "intended_plan": "growth", "country": "PT"}
